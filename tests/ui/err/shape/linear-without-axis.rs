// `Linear` reads the last axis.
remat::model! {
    Net {
        input x: f32;
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:13 `fc` reads the last axis but `x` is [] -- give it one: `f32[n]`
//~ 4:15 `x` has no axis but the batch
