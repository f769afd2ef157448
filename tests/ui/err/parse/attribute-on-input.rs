// Inputs take docs alone.
remat::model! {
    Net {
        #[inline]
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:11 `inline` is no attribute of an `input` -- remove it
