// A mark inside rounds what the one around it rounds, where both end.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        stem: Linear(8);
        #[checkpoint(store = f16)]
        outer: {
            a: Linear(8);
            #[checkpoint(store = bf16)]
            inner: { b: Linear(8); Gelu; }
        }
        last: Linear(8);
        loss: Mse <- (last, y);
    }
}

fn main() {}

//~ 7:22 `Gelu` is stored as `f16` here but as `bf16` by another mark -- write one format in both
//~ 10:26 `Gelu` is stored as `bf16` here but as `f16` by another mark -- write one format in both
