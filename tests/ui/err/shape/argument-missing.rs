// A layer says what it can't know.
remat::model! {
    Net {
        input x: f32[8];
        input ids: u32[8];
        target y: f32[8, 8];
        fc: Linear <- x;
        embed: Embedding(4) <- ids;
        attn: Attention(2) <- embed;
        mean: Mean <- x;
        all: Concat <- (fc, embed, attn, mean);
        loss: Mse <- (all, y);
    }
}

fn main() {}

//~ 7:13 `fc` needs `out_features` -- write `Linear(64)`
//~ 8:16 `embed` needs `embedding_dim` -- write `Embedding(4, 64)`
//~ 10:15 `mean` needs `dim` -- write `Mean(-1)` for the last axis
