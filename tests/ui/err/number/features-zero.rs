// A layer gives something.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8 - 8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:20 `out_features` of `fc` must be a positive integer but is 0 -- write 1 or more
