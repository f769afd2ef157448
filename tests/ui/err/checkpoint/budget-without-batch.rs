// A budget is bytes, and those grow with the batch.
remat::model! {
    #[checkpoint(budget = "64 MiB")]
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

//~ 3:18 a `budget` is for some batch, and there is none -- write `batch = 32` beside it
