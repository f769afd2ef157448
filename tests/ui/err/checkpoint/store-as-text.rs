// A format is a word of the language.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(store = "bf16")]
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 6:30 `store` must be a format of two bytes, `host`, or both -- write `store = bf16`, `store = f16`, `store = host`, or a format and `host` as `store = (bf16, host)`
