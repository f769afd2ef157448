// And its parameters.
remat::model! {
    Net {
        input x: f32[1000000000];
        target y: f32[1000000000];
        fc: Linear(1000000000);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:13 `fc.weight` would be [1000000000, 1000000000], which overflows: more than 1099511627776 elements -- choose smaller sizes
