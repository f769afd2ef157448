// A constant has a name.
remat::model! {
    Net {
        const = 8;
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:15 expected the constant's name -- write `const N = 64;`
