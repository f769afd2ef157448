// Only layers may be called by an integer.
remat::model! {
    Net {
        input 3: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:15 expected a name -- write `input x: f32[64];`
