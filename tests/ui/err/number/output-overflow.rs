// What a layer gives can be counted.
remat::model! {
    Net {
        input x: f32[1000000000, 8];
        target y: f32[8];
        fc: Linear(1000000000);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:13 `fc` would be [1000000000, 1000000000], which overflows: more than 1099511627776 elements -- choose smaller sizes
