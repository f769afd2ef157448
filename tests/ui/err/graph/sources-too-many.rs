// A layer that reads one value is given one.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8) <- (x, x);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:13 `fc` reads 1 value but is given 2 -- write `Linear(8) <- a`
