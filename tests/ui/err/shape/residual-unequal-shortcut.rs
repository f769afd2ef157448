// With one, both paths give the same.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[16];
        body: residual { up: Linear(16); } shortcut { side: Linear(12); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:15 the sum of the residual needs two equal shapes but `up` is [16] and `side` is [12] -- end the main path as it began, or add a `shortcut`
//~ 6:26 `up` is [16]
//~ 6:55 `side` is [12]
