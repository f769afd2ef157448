// A fraction is of what grows with the batch, whatever that is.
remat::model! {
    #[checkpoint(fraction = 0.3, batch = 32)]
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

//~ 3:34 `batch` is what a `budget` is for, and there is none -- write `budget = "64 MiB", batch = 32`, or remove it
