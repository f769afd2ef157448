// The model as a whole is no segment.
remat::model! {
    #[checkpoint]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 3:7 `checkpoint` on the model needs to know where -- write `checkpoint(sqrt)`, `checkpoint(every = 2)`, `checkpoint(fraction = 0.3)` or `checkpoint(budget = "64 MiB", batch = 32)`, or mark a layer or scope
