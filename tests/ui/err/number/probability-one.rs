// Where everything is dropped, nothing is left to scale up.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        drop: Dropout(1.0);
        loss: Mse <- (drop, y);
    }
}

fn main() {}

//~ 7:23 `p` of `drop` must be in [0, 1) but is 1 -- write a probability below 1
