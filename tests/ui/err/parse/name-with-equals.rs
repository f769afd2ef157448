// A name is followed by a colon.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc = Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:9 expected `:` after the name `fc` -- write `fc: Layer(…);`
