// An integer is part of a parameter's path, and names no value.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        0: Linear(8);
        loss: Mse <- (0, y);
    }
}

fn main() {}

//~ 7:23 an integer is only part of a parameter's path, never a source -- give the layer a name
