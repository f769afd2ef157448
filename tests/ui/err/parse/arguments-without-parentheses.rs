// Arguments stand in parentheses.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear 8;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:20 expected `(` -- arguments stand in parentheses: `Linear(…)`
