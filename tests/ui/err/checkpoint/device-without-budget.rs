// A boundary every two stages stands where it stands, on any device.
remat::model! {
    #[checkpoint(every = 2, device = cuda)]
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

//~ 3:29 `device` is what a `budget` is for, and there is none -- write `budget = "64 MiB", batch = 32`, or remove it
