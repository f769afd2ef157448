// Inputs become arguments of methods, which call a function of their own.
remat::model! {
    Net {
        input run: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:15 generated code has a `run` of its own -- choose another name
