// With several inputs, the first layer says which it reads.
remat::model! {
    Net {
        input x: f32[8];
        input z: f32[8];
        target y: f32[8];
        fc: Linear(8);
        sum: Add <- (fc, z);
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 7:13 `fc` could read `x` or `z` -- say which: `<- x`
