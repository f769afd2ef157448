// Each mistake is told, in one compile, and what follows from one is not.
remat::model! {
    Net {
        input x: f32[4, 8];
        input ids: u32[4];
        target y: f32[4, 8];
        a: Embedding(10, 8) <- x;
        b: Linear(8) <- ids;
        c: Linear(8) <- b;
        d: Linear(16) <- x;
        attn: Attention(heads = 3) <- (d, d, d);
        all: Concat <- (a, c, attn);
        fit: Mse <- (d, y);
        rest: Mse <- (all, y);
        loss: Sum <- (fit, rest);
    }
}

fn main() {}

//~ 7:32 `a` reads u32 ids but `x` holds f32 values -- declare it as `u32[4, 8]`
//~ 4:15 `x` holds f32 values
//~ 8:25 `b` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 5:15 `ids` holds u32 ids
//~ 11:33 `attn` splits 16 features into 3 heads, which leaves 1 -- choose heads that divide 16
//~ 10:9 `d` gives 16 features
//~ 13:25 `fit` needs two equal shapes but `d` is [4, 16] and `y` is [4, 8] -- declare `y` as `f32[4, 16]`, or make `d` [4, 8]
//~ 6:16 `y` is [4, 8]
//~ 10:9 `d` is [4, 16]
