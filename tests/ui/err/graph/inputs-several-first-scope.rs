// So does a scope that reads one value.
remat::model! {
    Net {
        input x: f32[8];
        input z: f32[8];
        target y: f32[8];
        body: residual { fc: Linear(8); }
        sum: Add <- (body, z);
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 7:15 `body` could read `x` or `z` -- say which: `<- x`
