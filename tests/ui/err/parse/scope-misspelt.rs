// The nearest scope is suggested.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: residul { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:15 `residul` is no scope -- did you mean `residual`?
