// `Sum` is of losses.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        mse: Mse <- (fc, y);
        loss: Sum <- (mse, fc);
    }
}

fn main() {}

//~ 8:28 `loss` sums losses but `fc` is [8] for each sample -- use `Add`, or put a loss before it
//~ 6:9 `fc` is [8] for each sample
