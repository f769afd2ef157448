// The nearest type is suggested.
remat::model! {
    Net {
        input x: f23[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:18 inputs and targets have no type `f23` -- did you mean `f32`?
