// An attribute says something.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[]
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:11 expected an attribute -- write `#[checkpoint]`, or remove the `#[]`
