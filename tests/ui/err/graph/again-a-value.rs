// Inputs are values, and can't be applied.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        more: x;
        loss: Mse <- (more, y);
    }
}

fn main() {}

//~ 7:15 `x` is a value, not a layer that can be applied -- to read it, write `Layer(…) <- x`
