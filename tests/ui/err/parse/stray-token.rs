// What is no line is told once, up to the next `;`.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        + 3 * 4;
        fc: Linear(8) <- x;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:9 expected a layer or a scope -- write `name: Layer(…);`, `{ … }`, `repeat(n) { … }` or `residual { … }`
