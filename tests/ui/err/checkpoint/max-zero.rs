// No boundary is no plan.
remat::model! {
    #[checkpoint(sqrt, max = 0)]
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

//~ 3:30 `max` must be a positive integer but is 0 -- write 1 or more
