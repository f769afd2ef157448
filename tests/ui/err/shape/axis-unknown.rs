// An axis is one that there is, whichever layer asks for it; the batch is none.
remat::model! {
    Net {
        input x: f32[2, 8];
        target y: f32[2, 8];
        soft: Softmax(2) <- x;
        mean: Mean(dim = -3) <- x;
        part: Slice(2, 0, 1) <- x;
        one: Transpose(0, 2) <- x;
        two: Transpose(dim0 = -3) <- x;
        flat: Flatten(5) <- x;
        both: Concat(dim = -3) <- (x, x);
        all: Concat <- (soft, mean, part, one, two, flat, both);
        loss: Mse <- (all, y);
    }
}

fn main() {}

//~ 6:23 `dim` of `soft` is 2 but `x` is [2, 8], 2 axes -- write -2 to 1; the batch is not counted
//~ 7:26 `dim` of `mean` is -3 but `x` is [2, 8], 2 axes -- write -2 to 1; the batch is not counted
//~ 8:21 `dim` of `part` is 2 but `x` is [2, 8], 2 axes -- write -2 to 1; the batch is not counted
//~ 9:27 `dim1` of `one` is 2 but `x` is [2, 8], 2 axes -- write -2 to 1; the batch is not counted
//~ 10:31 `dim0` of `two` is -3 but `x` is [2, 8], 2 axes -- write -2 to 1; the batch is not counted
//~ 11:23 `start_dim` of `flat` is 5 but `x` is [2, 8], 2 axes -- write -2 to 1; the batch is not counted
//~ 12:28 `dim` of `both` is -3 but `x` is [2, 8], 2 axes -- write -2 to 1; the batch is not counted
//~ 4:15 `x` is [2, 8]
