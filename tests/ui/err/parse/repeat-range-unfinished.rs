// A loop variable runs over a range or a list.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat(i in 4) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:28 expected `..` -- write `repeat(6)`, `repeat(i in 0..6)` or `repeat(d in [64, 128])`
