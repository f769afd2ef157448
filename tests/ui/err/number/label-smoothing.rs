// Smoothing leaves something of the target.
remat::model! {
    Net {
        input x: f32[8];
        target y: u32;
        head: Linear(8);
        loss: CrossEntropy(label_smoothing = 1) <- (head, y);
    }
}

fn main() {}

//~ 7:46 `label_smoothing` of `loss` must be in [0, 1) but is 1 -- write a probability below 1
