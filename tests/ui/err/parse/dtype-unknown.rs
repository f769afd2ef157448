// Inputs are f32, or u32 for ids; the input is declared all the same.
remat::model! {
    Net {
        input x: bool[8];
        target y: f32[8];
        fc: Linear(8) <- x;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:18 inputs and targets have no type `bool` -- write `f32`, or `u32` for ids and labels
