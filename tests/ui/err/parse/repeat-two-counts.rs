// There is one count.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat(2, 3) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:23 expected `)` -- write `repeat(6)`, `repeat(i in 0..6)` or `repeat(d in [64, 128])`
