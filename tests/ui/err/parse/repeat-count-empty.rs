// The parentheses are not empty.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat() { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:22 expected how often -- write `repeat(6)`, `repeat(i in 0..6)` or `repeat(d in [64, 128])`
