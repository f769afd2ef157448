// Nor is there a remainder.
remat::model! {
    Net {
        const H = 8 % 0;
        const P = 1.0 % 0;
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:21 `8 % 0` has no value -- divide by a number other than 0
//~ 5:23 `1.0 % 0.0` has no value -- divide by a number other than 0
