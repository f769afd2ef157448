// There is a target for each number.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(16);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 7:27 `loss` needs two equal shapes but `fc` is [16] and `y` is [8] -- declare `y` as `f32[16]`, or make `fc` [8]
//~ 5:16 `y` is [8]
//~ 6:9 `fc` is [16]
