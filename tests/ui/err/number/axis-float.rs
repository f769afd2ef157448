// Sizes are integers.
remat::model! {
    Net {
        const D = 8;
        input x: f32[D * 0.5];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 5:22 axis 0 of `x` must be a positive integer but is 4.0 -- write 1 or more
