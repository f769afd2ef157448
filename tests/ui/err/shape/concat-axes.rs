// And their number.
remat::model! {
    Net {
        input x: f32[2, 8];
        input z: f32[8];
        target y: f32[3, 8];
        both: Concat <- (x, z);
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 7:29 `both` joins along axis 0, but `x` is [2, 8] and `z` is [8] -- make all other axes equal
//~ 5:15 `z` is [8]
//~ 4:15 `x` is [2, 8]
