// How often stands in parentheses.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat 3 { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:15 `repeat` needs its count in parentheses -- write `repeat(6) { … }`
