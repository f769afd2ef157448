// So is an input that nobody reads.
remat::model! {
    Net {
        input x: f32[8];
        input z: f32[8];
        target y: f32[8];
        fc: Linear(8) <- x;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 5:15 nobody reads `z` -- remove it, or read it: `<- z`
