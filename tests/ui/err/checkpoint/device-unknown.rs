// What is no device of this library: what its activations are is not said too.
remat::model! {
    #[checkpoint(fraction = 0.3, device = tpu, dtype = bf16)]
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

//~ 3:43 `device` must be a device of `remat` -- write `cpu` or `cuda`
