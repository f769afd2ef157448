// What a layer reads stands behind it, not in its parentheses.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        sum: Add(x, x) <- (x, x);
        all: Concat(x, x, dim = 0) <- (x, x);
        fc: Linear(8, x) <- x;
        one: Mean(x) <- x;
        end: Concat <- (sum, all, fc, one);
        loss: Mse <- (end, y);
    }
}

fn main() {}

//~ 6:18 `x` is a value, not an argument -- write `Add <- (x, x)`
//~ 6:21 `x` is a value, not an argument -- write `Add <- (x, x)`
//~ 7:21 `x` is a value, not an argument -- write `Concat(dim = 0) <- (x, x)`
//~ 7:24 `x` is a value, not an argument -- write `Concat(dim = 0) <- (x, x)`
//~ 8:23 `x` is a value, not an argument -- write `Linear(8) <- x`
//~ 9:19 `dim` of `one` must be an integer but is `x`, which is no number -- what a layer reads stands behind its arguments: `<- x`
