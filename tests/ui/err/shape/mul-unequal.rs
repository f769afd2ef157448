// So have factors.
remat::model! {
    Net {
        input x: f32[4, 8];
        target y: f32[4, 8];
        up: Linear(8);
        gate: Parameter(8);
        gated: Mul <- (up, gate);
        loss: Mse <- (gated, y);
    }
}

fn main() {}

//~ 8:16 `gated` needs two equal shapes but `up` is [4, 8] and `gate` is [8] -- make the shapes equal; there is no broadcasting
//~ 6:9 `up` is [4, 8]
//~ 7:9 `gate` is [8]
