// There is a target for each position.
remat::model! {
    Net {
        input x: f32[6, 8];
        target y: u32[5];
        head: Linear(10);
        loss: CrossEntropy <- (head, y);
    }
}

fn main() {}

//~ 7:38 `loss` needs a target for each position but `head` is [6, 10] and `y` is [5] -- make `y` `u32[6]`; the last axis of `head` are its 10 classes
//~ 5:16 `y` is [5]
//~ 6:9 `head` is [6, 10]
