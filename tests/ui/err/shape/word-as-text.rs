// A word may be written as text; it must be one that there is.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Gelu(approximate = "tahn");
        b: Linear(8, init = "xavier") <- x;
        c: Linear(8, bias = "false") <- x;
        d: Gelu(approximate = "tanh") <- x;
        all: Concat <- (a, b, c, d);
        loss: Mse <- (all, y);
    }
}

fn main() {}

//~ 6:31 `approximate` of `a` must be `none` or `tanh` but is "tahn" -- did you mean `tanh`?
//~ 7:29 `init` of `b` must be `normal(std)`, `uniform(bound)`, `constant(c)`, `zeros` or `ones` but is "xavier" -- write `normal(std)`, `uniform(bound)`, `constant(c)`, `zeros` or `ones`
//~ 8:29 `bias` of `c` must be `true` or `false` but is "false" -- did you mean `false`?
