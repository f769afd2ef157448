// In a `repeat` that is told once.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat(i in 0..3) {
            #[checkpoint(store = bf16)]
            a: { fc: Linear(8); Gelu; }
            #[checkpoint(store = f16)]
            b: { fc: Linear(8); Gelu; }
        }
        last: Linear(8);
        loss: Mse <- (last, y);
    }
}

fn main() {}

//~ 7:26 `Gelu` is stored as `bf16` here but as `f16` by another mark -- write one format in both
//~ 9:26 `Gelu` is stored as `f16` here but as `bf16` by another mark -- write one format in both
