// One number per sample has no brackets at all.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 5:22 `[]` has no axis -- write `f32` alone for one number per sample
