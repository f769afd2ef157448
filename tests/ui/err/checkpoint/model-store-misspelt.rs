// On the model, too, the nearest is suggested, and each mistake is told.
remat::model! {
    #[checkpoint(every = 0, stroe = bf16, store = f61)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        c: Linear(8);
        loss: Mse <- (c, y);
    }
}

fn main() {}

//~ 3:26 `every` must be a positive integer but is 0 -- write 1 or more
//~ 3:29 `stroe` is no argument of `checkpoint` on the model -- did you mean `store`?
//~ 3:51 `f61` is neither a format of two bytes nor `host` -- did you mean `f16`?
