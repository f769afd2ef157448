// A probability is not below 0.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        drop: Dropout(p = -0.1);
        loss: Mse <- (drop, y);
    }
}

fn main() {}

//~ 7:27 `p` of `drop` must be in [0, 1) but is -0.1 -- write 0 or more
