// Nor does an interval go backwards.
remat::model! {
    #[checkpoint(every = -1)]
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(every = -2)]
        body: repeat(4) { fc: Linear(8); }
        out: Linear(8);
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 7:30 `every` must be a positive integer but is -2 -- write 1 or more
//~ 3:26 `every` must be a positive integer but is -1 -- write 1 or more
