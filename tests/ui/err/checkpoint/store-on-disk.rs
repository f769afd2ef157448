// There are two places.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(store = disk)]
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 6:30 `disk` is neither a format of two bytes nor `host` -- write `store = bf16`, `store = f16`, `store = host`, or a format and `host` as `store = (bf16, host)`
