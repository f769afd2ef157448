// There is a value for each key.
remat::model! {
    Net {
        input x: f32[4, 8];
        input keys: f32[6, 8];
        input values: f32[5, 8];
        target y: f32[4, 8];
        q: Linear(8) <- x;
        attn: Attention(heads = 2) <- (q, keys, values);
        loss: Mse <- (attn, y);
    }
}

fn main() {}

//~ 9:49 `attn` needs a value for each key but `keys` has 6 positions and `values` has 5 -- make them equal
//~ 6:15 `values` has 5 positions
//~ 5:15 `keys` has 6 positions
