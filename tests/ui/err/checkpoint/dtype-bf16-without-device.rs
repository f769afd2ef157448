// The CPU has no activations of bf16.
remat::model! {
    #[checkpoint(fraction = 0.3, dtype = bf16)]
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

//~ 3:42 `dtype = bf16` is on no CPU and `device` is `cpu` unless it is given -- write `device = cuda, dtype = bf16`, or `dtype = f32`
