// All of it is unrolled.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat(20000) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:22 20000 iterations are more than the 10000 that are unrolled -- repeat less
