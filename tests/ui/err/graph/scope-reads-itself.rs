// A scope has no value before its end.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: {
            fc: Linear(8);
            sum: Add <- (fc, body);
        }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 8:30 `body` is not finished here -- read what stands above it, or `in`, the input of the scope
