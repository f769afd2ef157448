// Joined along one axis, all others agree.
remat::model! {
    Net {
        input x: f32[2, 8];
        input z: f32[3, 4];
        target y: f32[2, 12];
        both: Concat(1) <- (x, z);
        fc: Linear(12);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 7:32 `both` joins along axis 1, but `x` is [2, 8] and `z` is [3, 4] -- make all other axes equal
//~ 5:15 `z` is [3, 4]
//~ 4:15 `x` is [2, 8]
