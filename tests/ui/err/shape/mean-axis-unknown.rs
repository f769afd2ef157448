// The axis that goes is one that there is: the batch is not.
remat::model! {
    Net {
        input x: f32[4, 8];
        target y: f32[8];
        mean: Mean(2);
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:20 `dim` of `mean` is 2 but `x` is [4, 8], 2 axes -- write -2 to 1; the batch is not counted
//~ 4:15 `x` is [4, 8]
