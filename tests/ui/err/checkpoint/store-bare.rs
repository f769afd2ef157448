// Rounded to what?
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(store)]
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 6:22 `store` is written another way -- write `store = bf16`, `store = f16`, `store = host`, or a format and `host` as `store = (bf16, host)`
