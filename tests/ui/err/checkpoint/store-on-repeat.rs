// Each argument is judged by itself.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(every = 9, store = f8)]
        body: repeat(4) { fc: Linear(8); Gelu; }
        #[checkpoint(at(1), store, stores = f16)]
        tail: repeat(4) { fc: Linear(8); Gelu; }
        last: Linear(8);
        loss: Mse <- (last, y);
    }
}

fn main() {}

//~ 6:30 `every = 9` is more than the 4 iterations of this `repeat` -- write at most 4
//~ 6:41 `f8` is neither a format of two bytes nor `host` -- write `store = bf16`, `store = f16`, `store = host`, or a format and `host` as `store = (bf16, host)`
//~ 8:22 `at` is written another way -- write `at = [1, 4]`
//~ 8:29 `store` is written another way -- write `store = bf16`, `store = f16`, `store = host`, or a format and `host` as `store = (bf16, host)`
//~ 8:36 `stores` is no argument of `checkpoint` on a `repeat` -- did you mean `store`?
