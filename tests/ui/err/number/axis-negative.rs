// Also of a target.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8, -1];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 5:26 axis 1 of `y` must be a positive integer but is -1 -- write 1 or more
