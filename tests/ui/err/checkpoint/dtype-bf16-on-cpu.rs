// Nor if it is named.
remat::model! {
    #[checkpoint(fraction = 0.3, device = cpu, dtype = bf16)]
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

//~ 3:43 `dtype = bf16` is on no CPU but `device` is `cpu` -- write `device = cuda, dtype = bf16`, or `dtype = f32`
//~ 3:56 `dtype = bf16` is on no CPU but `device` is `cpu` -- write `device = cuda, dtype = bf16`, or `dtype = f32`
