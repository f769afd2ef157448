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

//~ 7:20 expected `;` -- every item but a scope ends with one
