// Numbers have no type.
remat::model! {
    Net {
        input x: f32[8usize];
        target y: f32[8];
        fc: Linear(8);
        drop: Dropout(0.5f32);
        loss: Mse <- (drop, y);
    }
}

fn main() {}

//~ 4:22 numbers here have no type -- leave out `usize`
//~ 7:23 numbers here have no type -- leave out `f32`
