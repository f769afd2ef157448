// A deviation is not negative.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8, init = normal(-0.02));
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:30 `normal` of `fc` must be 0 or more but is -0.02 -- write a deviation or bound of 0 or more
