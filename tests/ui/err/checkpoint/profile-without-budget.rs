// Nothing is planned by it.
remat::model! {
    #[checkpoint(sqrt, profile = "remat.profile")]
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

//~ 3:24 `profile` is what a `budget` is planned by, and there is none -- write `budget = "64 MiB", batch = 32`, or remove it
