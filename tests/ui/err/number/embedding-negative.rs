// So are rows and columns.
remat::model! {
    Net {
        input x: u32[8];
        target y: f32[8, 4];
        embed: Embedding(-10, 0);
        loss: Mse <- (embed, y);
    }
}

fn main() {}

//~ 6:26 `num_embeddings` of `embed` must be a positive integer but is -10 -- write 1 or more
//~ 6:31 `embedding_dim` of `embed` must be a positive integer but is 0 -- write 1 or more
