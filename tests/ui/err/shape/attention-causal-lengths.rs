// A causal mask is square.
remat::model! {
    Net {
        input x: f32[4, 8];
        input other: f32[6, 8];
        target y: f32[4, 8];
        q: Linear(8) <- x;
        attn: CausalAttention(heads = 2) <- (q, other, other);
        loss: Mse <- (attn, y);
    }
}

fn main() {}

//~ 8:49 `attn` needs as many queries as keys but `q` has 4 positions and `other` has 6 -- use `Attention` for another sequence
//~ 5:15 `other` has 6 positions
//~ 7:9 `q` has 4 positions
