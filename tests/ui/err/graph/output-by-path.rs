// A scope shows only its last value, also to `output`.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: { fc: Linear(8); }
        output body.fc;
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 7:21 `fc` stands inside `body`, which shows only its last value -- write `output body` for that, or move `fc` out of it
