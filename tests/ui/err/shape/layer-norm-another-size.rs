// The sizes of `LayerNorm` are those of the last axes.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[16];
        up: Linear(16);
        norm: LayerNorm(8);
        loss: Mse <- (norm, y);
    }
}

fn main() {}

//~ 7:25 `norm` normalizes [8] but `up` is [16] -- write the sizes of the last axes, or nothing for the last one
//~ 6:9 `up` is [16]
