// A `repeat` runs at least once.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat(0) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:22 the number of iterations must be a positive integer but is 0 -- write 1 or more
