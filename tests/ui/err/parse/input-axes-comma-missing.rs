// Axes stand between commas.
remat::model! {
    Net {
        input x: f32[8 8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:24 expected `,` -- a comma stands between two of a list
