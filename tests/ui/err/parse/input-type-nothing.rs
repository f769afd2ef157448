// A type stands behind the `:`.
remat::model! {
    Net {
        input x: [8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:18 expected a type -- write `f32` or `u32`
