// A scope has a layer.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: {}
        fc: Linear(8) <- x;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:9 `body` is empty -- put a layer into it
