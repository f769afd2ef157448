// Nor can a scope that is not finished.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: {
            fc: Linear(8);
            more: body;
        }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 8:19 `body` is not finished here -- apply it after its end, or use `repeat`
