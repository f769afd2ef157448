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

//~ 7:34 `f32` is neither a format of two bytes nor `host` -- write `store = bf16`, `store = f16`, `store = host`, or a format and `host` as `store = (bf16, host)`
//~ 11:14 in this use of block `Pair`: `f32` is neither a format of two bytes nor `host` -- write `store = bf16`, `store = f16`, `store = host`, or a format and `host` as `store = (bf16, host)`
//~ 12:14 in this use of block `Pair`: `f32` is neither a format of two bytes nor `host` -- write `store = bf16`, `store = f16`, `store = host`, or a format and `host` as `store = (bf16, host)`
