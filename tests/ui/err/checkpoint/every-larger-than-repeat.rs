// It is no longer than what it cuts.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(every = 5)]
        body: repeat(4) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:30 `every = 5` is more than the 4 iterations of this `repeat` -- write at most 4
