// What leaves the one enters the other, and is rounded once.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(store = bf16)]
        one: { fc: Linear(8); Gelu; }
        #[checkpoint(store = f16)]
        two: { fc: Linear(8); Gelu; }
        last: Linear(8);
        loss: Mse <- (last, y);
    }
}

fn main() {}

//~ 6:22 `Gelu` is stored as `bf16` here but as `f16` by another mark -- write one format in both
//~ 8:22 `Gelu` is stored as `f16` here but as `bf16` by another mark -- write one format in both
