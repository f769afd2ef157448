// A size that is computed is too large where it is written.
remat::model! {
    Net {
        const BIG = 1099511627776;
        input x: f32[4, 4];
        input ids: u32[4];
        target y: f32[8];
        a: Linear(BIG + 1) <- x;
        b: Embedding(2 * BIG, 4) <- ids;
        c: Attention(heads = BIG * BIG) <- (x, x, x);
        d: Parameter(4, 3 * BIG);
        e: repeat(BIG) <- x { fc: Linear(4); }
        all: Concat <- (a, b, c, d, e);
        loss: Mse <- (all, y);
    }
}

fn main() {}

//~ 8:19 `out_features` of `a` is 1099511627777, which overflows -- it must be at most 1099511627776
//~ 9:22 `num_embeddings` of `b` is 2199023255552, which overflows -- it must be at most 1099511627776
//~ 10:34 this number overflows 64 bits -- write a smaller one
//~ 11:25 axis 1 of `d` is 3298534883328, which overflows -- it must be at most 1099511627776
//~ 12:19 1099511627776 iterations are more than the 10000 that are unrolled -- repeat less
