// A mistake in a block is told there, and at its uses.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Pair() {
            #[checkpoint(store = f32)]
            a: Linear(8);
            b: Gelu;
        }
        one: Pair;
        two: Pair;
        last: Linear(8);
        loss: Mse <- (last, y);
    }
}

fn main() {}

//~ 7:34 `f32` is no format of two bytes -- write `store = bf16` or `store = f16`
//~ 11:14 in this use of block `Pair`: `f32` is no format of two bytes -- write `store = bf16` or `store = f16`
//~ 12:14 in this use of block `Pair`: `f32` is no format of two bytes -- write `store = bf16` or `store = f16`
