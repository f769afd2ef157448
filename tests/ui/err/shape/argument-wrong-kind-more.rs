// Also of the layers without parameters.
remat::model! {
    Net {
        input x: f32[4, 8];
        target y: u32[4];
        a: Mean("last") <- x;
        b: Slice(1, 0.5, 2) <- x;
        c: Concat([0, 1]) <- (x, x);
        d: Transpose(first, 1) <- x;
        e: Flatten(end_dim = 1.0) <- x;
        f: Reshape(4, 2.0, 4) <- x;
        g: LayerNorm(eps = small) <- x;
        h: LayerNorm(elementwise_affine = 1) <- x;
        i: Attention("2") <- (x, x, x);
        j: Parameter(2.5);
        k: Embedding(4, [2]) <- y;
        all: Concat <- (a, b, c, d, e, f, g, h, i, j, k);
        l: CrossEntropy(ignore_index = 1.5) <- (x, y);
        m: CrossEntropy(label_smoothing = "0.1") <- (all, y);
        n: Mse <- (x, x);
        o: Sum([1.0], 2.0) <- (n, n);
        loss: Sum <- (l, m, o);
    }
}

fn main() {}

//~ 6:17 `dim` of `a` must be an integer but is a string -- write an integer
//~ 7:21 `start` of `b` must be an integer but is 0.5 -- write an integer
//~ 8:19 `dim` of `c` must be an integer but is a list -- write an integer
//~ 9:22 `dim0` of `d` must be an integer but is `first`, which is no number -- declare it in the model: `const first = 0;`
//~ 10:30 `end_dim` of `e` must be an integer but is 1.0 -- write an integer
//~ 11:23 `shape` of `f` must be integers but is 2.0 -- write integers
//~ 12:28 `eps` of `g` must be a number but is `small`, which is no number -- declare it in the model: `const small = 0.1;`
//~ 13:43 `elementwise_affine` of `h` must be `true` or `false` but is 1 -- write `true` or `false`
//~ 14:22 `heads` of `i` must be a positive integer but is a string -- write a positive integer
//~ 15:22 `shape` of `j` must be integers but is 2.5 -- write integers
//~ 16:25 `embedding_dim` of `k` must be a positive integer but is a list -- write a positive integer
//~ 18:40 `ignore_index` of `l` must be an integer from 0 to 4294967295 but is 1.5 -- write an integer from 0 to 4294967295
//~ 21:16 `weights` of `o` must be a number but is a list -- write a number
