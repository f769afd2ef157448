// Attention is over positions: the first of two axes.
remat::model! {
    Net {
        input x: f32[24];
        target y: f32[8];
        attn: CausalAttention(heads = 2);
        loss: Mse <- (attn, y);
    }
}

fn main() {}

//~ 6:15 `attn` reads [T, D] but `x` is [24] -- give it two axes
//~ 4:15 `x` is [24]
