// Ranges end one past the last.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat(i in 0..=3) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:28 expected `..` -- the end stands one past the last: write `a..b`
