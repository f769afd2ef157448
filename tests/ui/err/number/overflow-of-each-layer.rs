// Whatever a layer gives, and whatever it learns, can be counted.
remat::model! {
    Net {
        const BIG = 1000000000;
        input x: f32[BIG, 8];
        input ids: u32[BIG];
        input long: f32[600 * BIG];
        target y: f32[8];
        a: Embedding(8, BIG) <- ids;
        b: Embedding(BIG, 4 * BIG / 1000) <- ids;
        c: PositionEmbedding(1000 * BIG) <- x;
        d: Parameter(BIG, BIG);
        wide: Reshape(8 * BIG) <- x;
        e: Concat <- (long, long);
        f: Linear(1000) <- wide;
        all: Concat <- (a, b, c, d, e, f);
        loss: Mse <- (all, y);
    }
}

fn main() {}

//~ 9:12 `a` would be [1000000000, 1000000000], which overflows: more than 1099511627776 elements -- choose smaller sizes
//~ 10:12 `b` would be [1000000000, 4000000], which overflows: more than 1099511627776 elements -- choose smaller sizes
//~ 11:12 `c.weight` would be [1000000000000, 8], which overflows: more than 1099511627776 elements -- choose smaller sizes
//~ 12:12 `d` would be [1000000000, 1000000000], which overflows: more than 1099511627776 elements -- choose smaller sizes
//~ 14:12 `e` would be [1200000000000], which overflows: more than 1099511627776 elements -- choose smaller sizes
//~ 15:12 `f.weight` would be [1000, 8000000000], which overflows: more than 1099511627776 elements -- choose smaller sizes
