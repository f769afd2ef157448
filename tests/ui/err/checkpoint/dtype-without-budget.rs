// A boundary every two stages stands where it stands.
remat::model! {
    #[checkpoint(every = 2, dtype = f64)]
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

//~ 3:29 `dtype` is what a `budget` counts in, and there is none -- write `budget = "64 MiB", batch = 32`, or remove it
