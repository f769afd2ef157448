// The loss is one number for the whole batch.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Sub <- (fc, y);
    }
}

fn main() {}

//~ 7:9 `loss` must be one number for the batch but is [8] for each sample -- end with `CrossEntropy`, `Mse` or a `Sum` of losses
