// The nearest argument is suggested.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(out_featurs = 8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:20 `Linear` has no argument `out_featurs` -- did you mean `out_features`?
