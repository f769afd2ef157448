// So does a target.
remat::model! {
    Net {
        input x: f32[8];
        target y f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 5:18 expected `:` and a type -- write `target y: f32[64];`
