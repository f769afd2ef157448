// A layer stands behind the name.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: ;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:13 expected a layer or a scope -- write `name: Layer(…);`, `{ … }`, `repeat(n) { … }` or `residual { … }`
