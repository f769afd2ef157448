// Axes are those that there are.
remat::model! {
    Net {
        input x: f32[2, 4];
        target y: f32[4];
        flat: Flatten(0, -3);
        fc: Linear(4);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:26 `end_dim` of `flat` is -3 but `x` is [2, 4], 2 axes -- write -2 to 1; the batch is not counted
//~ 4:15 `x` is [2, 4]
