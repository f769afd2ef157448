// Nor are some products of sizes.
remat::model! {
    Net {
        input x: f32[1000000000, 1000000000];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:15 `x` would be [1000000000, 1000000000], which overflows: more than 1099511627776 elements -- choose smaller sizes
