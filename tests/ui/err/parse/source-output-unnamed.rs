// A `.` is followed by the name of an output.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc.1, y);
    }
}

fn main() {}

//~ 7:26 expected the name of an output -- or leave out the `.`
