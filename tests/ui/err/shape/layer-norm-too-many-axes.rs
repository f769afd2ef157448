// No more than it has.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        norm: LayerNorm(4, 8);
        loss: Mse <- (norm, y);
    }
}

fn main() {}

//~ 6:25 `norm` normalizes [4, 8] but `x` is [8] -- write the sizes of the last axes, or nothing for the last one
//~ 4:15 `x` is [8]
