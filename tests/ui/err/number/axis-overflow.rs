// Some sizes are of no computer.
remat::model! {
    Net {
        input x: f32[2000000000000];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:22 axis 0 of `x` is 2000000000000, which overflows -- it must be at most 1099511627776
