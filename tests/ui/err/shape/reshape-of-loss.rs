// A loss has no axes, not even the batch.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        mse: Mse <- (fc, y);
        bad: Reshape(1);
        loss: Sum <- (mse, bad);
    }
}

fn main() {}

//~ 8:14 `bad` reads a value of each sample but `mse` is one number for the batch -- only `Sum` reads losses
//~ 7:9 `mse` is one number for the batch
