// Each layer says how many values it reads.
remat::model! {
    Net {
        input x: f32[4];
        input ids: u32[4];
        target y: f32[4];
        a: Embedding(4, 2) <- (ids, ids);
        b: LayerNorm <- (x, x);
        c: Dropout(0.5) <- (x, x);
        d: Concat <- x;
        e: Mul <- (x, x, x);
        f: Softmax(dim = 0) <- (x, x);
        g: CausalAttention(2) <- (x, x, x, x);
        all: Concat <- (a, b, c, d, e, f, g);
        h: Mse <- (x, y, y);
        i: CrossEntropy(label_smoothing = 0.1) <- (x, y, ids);
        j: Mse <- (all, y);
        loss: Sum <- (h, i, j);
    }
}

fn main() {}

//~ 7:12 `a` reads 1 value but is given 2 -- write `Embedding(4, 2) <- a`
//~ 8:12 `b` reads 1 value but is given 2 -- write `LayerNorm <- a`
//~ 9:12 `c` reads 1 value but is given 2 -- write `Dropout(0.5) <- a`
//~ 10:12 `d` reads 2 or more values but is given 1 -- write `Concat <- (a, b)`
//~ 11:12 `e` reads 2 values but is given 3 -- write `Mul <- (a, b)`
//~ 12:12 `f` reads 1 value but is given 2 -- write `Softmax(dim = 0) <- a`
//~ 13:12 `g` reads 1 or 3 values but is given 4 -- write `CausalAttention(2) <- (q, k, v)` or give it one value
//~ 15:12 `h` reads 2 values but is given 3 -- write `Mse <- (a, b)`
//~ 16:12 `i` reads 2 values but is given 3 -- write `CrossEntropy(label_smoothing = 0.1) <- (a, b)`
