// Each argument is of its kind.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear("8") <- x;
        b: Linear([8]) <- x;
        c: Linear(8, bias = 0) <- x;
        d: Linear(8, bias = flase) <- x;
        e: Linear(8, init = 0.02) <- x;
        f: Linear(8, init = normall(0.02)) <- x;
        g: Linear(8, weight = 3) <- x;
        h: Dropout(half) <- x;
        i: Gelu(tanhh) <- x;
        j: Softmax(1.0) <- x;
        k: Linear(x.y) <- x;
        l: LayerNorm(8.0) <- x;
        all: Concat <- (a, b, c, d, e, f, g, h, i, j, k, l);
        loss: Mse <- (all, y);
    }
}

fn main() {}

//~ 6:19 `out_features` of `a` must be a positive integer but is a string -- write a positive integer
//~ 7:19 `out_features` of `b` must be a positive integer but is a list -- write a positive integer
//~ 8:29 `bias` of `c` must be `true` or `false` but is 0 -- write `true` or `false`
//~ 9:29 `bias` of `d` must be `true` or `false` but is `flase` -- did you mean `false`?
//~ 10:29 `init` of `e` must be `normal(std)`, `uniform(bound)`, `constant(c)`, `zeros` or `ones` but is 0.02 -- write `normal(std)`, `uniform(bound)`, `constant(c)`, `zeros` or `ones`
//~ 11:29 `init` of `f` must be `normal(std)`, `uniform(bound)`, `constant(c)`, `zeros` or `ones` but is `normall(…)` -- did you mean `normal`?
//~ 12:31 `weight` of `g` must be the name of an earlier layer but is 3 -- write the name of an earlier layer
//~ 13:20 `p` of `h` must be a number but is `half`, which is no number -- declare it in the model: `const half = 0.1;`
//~ 14:17 `approximate` of `i` must be `none` or `tanh` but is `tanhh` -- did you mean `tanh`?
//~ 15:20 `dim` of `j` must be an integer but is 1.0 -- write an integer
//~ 16:19 `out_features` of `k` must be a positive integer but is a path -- write a positive integer
//~ 17:22 `normalized_shape` of `l` must be integers but is 8.0 -- write integers
