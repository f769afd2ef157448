// Nor does it read itself.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8) <- fc;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:26 `fc` is not finished here -- read what stands above it, or `in`, the input of the scope
