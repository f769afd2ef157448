// An axis has a size.
remat::model! {
    Net {
        input x: f32[0];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:22 axis 0 of `x` must be a positive integer but is 0 -- write 1 or more
