// That is how an activation is held anyway.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(store = f32)]
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 6:30 `f32` is neither a format of two bytes nor `host` -- write `store = bf16`, `store = f16`, `store = host`, or a format and `host` as `store = (bf16, host)`
