// A residual has nothing to be told.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: residual(2) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:15 `residual` takes no arguments -- write `residual { … }`
