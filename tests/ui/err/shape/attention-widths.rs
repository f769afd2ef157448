// Three sources have one width.
remat::model! {
    Net {
        input x: f32[4, 8];
        target y: f32[4, 8];
        q: Linear(8) <- x;
        k: Linear(6) <- x;
        v: Linear(8) <- x;
        attn: Attention(heads = 2) <- (q, k, v);
        loss: Mse <- (attn, y);
    }
}

fn main() {}

//~ 9:43 `attn` needs one width for queries, keys and values but `q` has 8 features and `k` has 6 -- make them equal
//~ 7:9 `k` has 6 features
//~ 6:9 `q` has 8 features
