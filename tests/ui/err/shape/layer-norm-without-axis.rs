// There is a last axis.
remat::model! {
    Net {
        input x: f32;
        target y: f32;
        norm: LayerNorm;
        loss: Mse <- (norm, y);
    }
}

fn main() {}

//~ 6:15 `norm` normalizes the last axis but `x` is [] -- give it one: `f32[n]`
//~ 4:15 `x` is []
