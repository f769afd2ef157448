// There are three stages.
remat::model! {
    #[checkpoint(fraction = 0.9, min_interval = 4)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        c: Linear(8);
        loss: Mse <- (c, y);
    }
}

fn main() {}

//~ 3:34 `min_interval = 4` is more than the 3 stages of the model -- write at most 3
