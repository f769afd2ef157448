// Axes are joined from the first to the last.
remat::model! {
    Net {
        input x: f32[2, 4, 8];
        target y: f32[4];
        flat: Flatten(2, 1);
        fc: Linear(4);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:15 `flat` joins axes 2 to 1 of `x`, [2, 4, 8], which are none -- write `start_dim` at most `end_dim`
//~ 4:15 `x` is [2, 4, 8]
