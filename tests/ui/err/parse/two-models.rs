// A `model!` for each model; the first is looked at all the same.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(0);
        loss: Mse <- (fc, y);
    }
    Other {
        input x: f32[8];
    }
}

fn main() {}

//~ 6:20 `out_features` of `fc` must be a positive integer but is 0 -- write 1 or more
//~ 9:5 expected nothing after the model -- write a `model!` for each model
