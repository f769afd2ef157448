// A value is rounded once.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(store = (bf16, host, f16))]
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 6:43 `bf16` and `f16` both say what `store` rounds to -- remove one
