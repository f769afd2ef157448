// Features are counted.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(2.5);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:20 `out_features` of `fc` must be a positive integer but is 2.5 -- write 1 or more
