// What activations are on no device of this library.
remat::model! {
    #[checkpoint(fraction = 0.3, dtype = f8)]
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

//~ 3:42 `dtype` must be the type of an activation -- write `f32`, or `f64` on the CPU, or `bf16` beside `device = cuda`
