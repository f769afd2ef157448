// A list of sources has one.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8) <- ();
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:26 expected a source -- write the name of an input, a layer or `in`
