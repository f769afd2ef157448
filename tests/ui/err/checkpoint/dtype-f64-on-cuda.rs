// There is no device of f64 on a GPU.
remat::model! {
    #[checkpoint(budget = "1 MiB", batch = 32, dtype = f64, device = cuda)]
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

//~ 3:56 `dtype = f64` is on no GPU but `device` is `cuda` -- write `dtype = f32` or `dtype = bf16`, or `device = cpu`
//~ 3:70 `dtype = f64` is on no GPU but `device` is `cuda` -- write `dtype = f32` or `dtype = bf16`, or `device = cpu`
