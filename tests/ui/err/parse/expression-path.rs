// Numbers are those of the model.
remat::model! {
    Net {
        input x: f32[crate::N];
        target y: f32[8];
        fc: Linear(8 as usize);
        gc: Linear(2 * Self::N);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:22 paths of Rust are not visible here -- declare it in the model: `const N = 64;`
//~ 6:22 numbers here have no type -- leave out this `as` and what follows
//~ 7:24 paths of Rust are not visible here -- declare it in the model: `const N = 64;`
