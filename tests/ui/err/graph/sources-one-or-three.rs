// Attention reads queries, keys and values side by side, or each by itself.
remat::model! {
    Net {
        input x: f32[4, 8];
        target y: f32[4, 8];
        fc: Linear(8);
        attn: Attention(heads = 2) <- (fc, fc);
        loss: Mse <- (attn, y);
    }
}

fn main() {}

//~ 7:15 `attn` reads 1 or 3 values but is given 2 -- write `Attention(heads = 2) <- (q, k, v)` or give it one value
