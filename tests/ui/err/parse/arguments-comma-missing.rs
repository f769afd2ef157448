// Arguments stand between commas.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8 bias = false);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:22 expected `,` -- a comma stands between two of a list
