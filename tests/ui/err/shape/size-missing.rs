// The line to write has what is there already, and works.
remat::model! {
    Net {
        input ids: u32[6];
        target y: f32[6, 64];
        embed: Embedding;
        half: Embedding(embedding_dim = 8) <- ids;
        pos: PositionEmbedding <- half;
        fc: Linear(bias = false, init = normal(0.5)) <- half;
        all: Concat <- (embed, half, pos, fc);
        loss: Mse <- (all, y);
    }
}

fn main() {}

//~ 6:16 `embed` needs `num_embeddings` and `embedding_dim` -- write `Embedding(64, 64)`
//~ 7:15 `half` needs `num_embeddings` -- write `Embedding(64, embedding_dim = 8)`
