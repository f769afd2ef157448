// An attribute is followed by what it marks.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: {
            fc: Linear(8);
            #[recompute]
        }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 9:9 expected a layer or a scope -- write `name: Layer(…);`, `{ … }`, `repeat(n) { … }` or `residual { … }`
