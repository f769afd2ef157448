// Nor more than two.
remat::model! {
    Net {
        input x: f32[2, 4, 6];
        target y: f32[2, 4, 6];
        pos: PositionEmbedding(4);
        attn: Attention(2) <- (x, x, x);
        sum: Add <- (pos, attn);
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 6:14 `pos` reads [T, D] but `x` is [2, 4, 6] -- give it two axes
//~ 7:32 `attn` reads [T, D] but `x` is [2, 4, 6] -- give it two axes
//~ 7:35 `attn` reads [T, D] but `x` is [2, 4, 6] -- give it two axes
//~ 7:38 `attn` reads [T, D] but `x` is [2, 4, 6] -- give it two axes
//~ 4:15 `x` is [2, 4, 6]
