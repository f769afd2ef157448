// No size of any layer is zero or negative.
remat::model! {
    Net {
        input x: f32[4, 6];
        input ids: u32[4];
        target y: f32[4, 6];
        a: Linear(-6) <- x;
        b: PositionEmbedding(0) <- x;
        c: PositionEmbedding(num_positions = -4) <- x;
        d: Attention(-2) <- (x, x, x);
        e: Embedding(0, 6) <- ids;
        f: Parameter(-4, 6);
        all: Concat <- (a, b, c, d, e, f);
        loss: Mse <- (all, y);
    }
}

fn main() {}

//~ 7:19 `out_features` of `a` must be a positive integer but is -6 -- write 1 or more
//~ 8:30 `num_positions` of `b` must be a positive integer but is 0 -- write 1 or more
//~ 9:46 `num_positions` of `c` must be a positive integer but is -4 -- write 1 or more
//~ 10:22 `heads` of `d` must be a positive integer but is -2 -- write 1 or more
//~ 11:22 `num_embeddings` of `e` must be a positive integer but is 0 -- write 1 or more
//~ 12:22 axis 0 of `f` must be a positive integer but is -4 -- write 1 or more
