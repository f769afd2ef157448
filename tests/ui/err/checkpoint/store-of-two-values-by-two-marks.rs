// Two marks are told once, whatever crosses them.
remat::model! {
    #[checkpoint(every = 1, store = f16)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        #[checkpoint(store = bf16)]
        many: repeat(3) { b: Linear(8); c: Gelu; d: Add <- (b, c); }
        last: Add <- (many, a);
        loss: Mse <- (last, y);
    }
}

fn main() {}

//~ 3:29 `a` is stored as `f16` here but as `bf16` by another mark -- write one format in both
//~ 8:22 `a` is stored as `bf16` here but as `f16` by another mark -- write one format in both
