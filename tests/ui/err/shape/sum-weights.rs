// A weight for each, or none.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        a: Mse <- (fc, y);
        b: Mse <- (x, fc);
        loss: Sum(1.0, 0.5, 0.1) <- (a, b);
    }
}

fn main() {}

//~ 9:15 `loss` has 3 weights for 2 losses -- write one for each, or none
