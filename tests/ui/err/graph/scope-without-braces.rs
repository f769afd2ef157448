// The words of scopes are no layers.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        sum: residual <- fc;
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 7:14 `residual` is a scope -- put the layers in it into braces
