// The axis is one that there is, not counting the batch.
remat::model! {
    Net {
        input x: f32[2, 8];
        target y: f32[4, 8];
        both: Concat(2) <- (x, x);
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:22 `dim` of `both` is 2 but `x` is [2, 8], 2 axes -- write -2 to 1; the batch is not counted
//~ 4:15 `x` is [2, 8]
