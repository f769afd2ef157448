// So is that two marks in it differ.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Pair() {
            #[checkpoint(store = bf16)]
            a: { fc: Linear(8); Gelu; }
            #[checkpoint(store = f16)]
            b: { fc: Linear(8); Gelu; }
            c: Linear(8);
        }
        one: Pair;
        two: Pair;
        loss: Mse <- (two, y);
    }
}

fn main() {}

//~ 7:26 `Gelu` is stored as `bf16` here but as `f16` by another mark -- write one format in both
//~ 9:26 `Gelu` is stored as `f16` here but as `bf16` by another mark -- write one format in both
