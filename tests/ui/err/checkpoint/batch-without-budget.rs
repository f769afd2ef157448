// There is nothing that a batch would be for.
remat::model! {
    #[checkpoint(sqrt, batch = 32)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 3:24 `batch` is what a `budget` is for, and there is none -- write `budget = "64 MiB", batch = 32`, or remove it
