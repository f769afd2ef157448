// A model reads something.
remat::model! {
    Net {
        target y: f32[8];
        bias: Parameter(8);
        loss: Mse <- (bias, y);
    }
}

fn main() {}

//~ 3:5 `Net` has no input -- declare one: `input x: f32[64];`
