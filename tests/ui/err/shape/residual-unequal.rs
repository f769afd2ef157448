// A residual without a shortcut keeps the shape.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[16];
        body: residual { up: Linear(16); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:15 the sum of the residual needs two equal shapes but `up` is [16] and `x` is [8] -- end the main path as it began, or add a `shortcut`
//~ 6:26 `up` is [16]
//~ 4:15 `x` is [8]
