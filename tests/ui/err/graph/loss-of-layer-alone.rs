// Nor where it is no loss.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[10];
        head: Linear(10);
        loss: Relu;
    }
}

fn main() {}

//~ 7:9 `loss` must be one number for the batch but is [10] for each sample -- end with `CrossEntropy`, `Mse` or a `Sum` of losses
