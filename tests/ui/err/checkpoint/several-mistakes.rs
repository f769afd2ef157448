// Each mistake is told, in one compile, and what follows from one is not.
remat::model! {
    #[checkpoint(sqrt, every = 0)]
    Net {
        #[checkpoint]
        input x: f32[8];
        target y: f32[8];
        #[checkpoint]
        #[recompute]
        #[recompute]
        a: Linear(8);
        #[checkpoint(every = 9)]
        body: repeat(4) { fc: Linear(8); }
        #[recompute]
        tail: { Relu; }
        #[checkpoint]
        loss: Mse <- (tail, y);
    }
}

fn main() {}

//~ 3:18 `sqrt` and `every` both say where the boundaries are -- remove one
//~ 3:24 `sqrt` and `every` both say where the boundaries are -- remove one
//~ 3:32 `every` must be a positive integer but is 0 -- write 1 or more
//~ 5:11 `checkpoint` means nothing on an `input` -- mark a layer or a scope that is computed
//~ 8:11 `checkpoint` keeps what `recompute` drops -- remove one of them
//~ 9:11 `checkpoint` keeps what `recompute` drops -- remove one of them
//~ 10:11 `recompute` stands here twice -- remove one
//~ 12:30 `every = 9` is more than the 4 iterations of this `repeat` -- write at most 4
//~ 14:11 `recompute` drops the value of one layer, but `tail` is a scope -- write `#[checkpoint]` to recompute its inside
//~ 16:11 `checkpoint` means nothing on the loss, whose value is always kept -- remove it
