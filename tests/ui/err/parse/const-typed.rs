// Constants have no type: they are integers or floats.
remat::model! {
    Net {
        const H: usize = 8;
        input x: f32[8];
        target y: f32[8];
        fc: Linear(H);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:16 expected `=` -- write `const N = 64;`
