// An input says what it holds.
remat::model! {
    Net {
        input x;
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:16 expected `:` and a type -- write `input x: f32[64];`
