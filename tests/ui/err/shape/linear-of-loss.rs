// Only `Sum` reads losses.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        mse: Mse <- (fc, y);
        bad: Linear(8);
        loss: Mse <- (bad, y);
    }
}

fn main() {}

//~ 8:14 `bad` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 7:9 `mse` holds one number for the whole batch
