// A layer reads only what stands above it.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        sum: Add <- (x, late);
        late: Linear(8) <- x;
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 6:25 `late` is declared further down -- a layer reads only what stands above it
