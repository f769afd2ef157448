// Terms have one shape: there is no broadcasting.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[16];
        up: Linear(16);
        sum: Add <- (up, x);
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 7:14 `sum` needs two equal shapes but `up` is [16] and `x` is [8] -- make the shapes equal; there is no broadcasting
//~ 4:15 `x` is [8]
//~ 6:9 `up` is [16]
