// `at` is a list.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(at = 1)]
        body: repeat(4) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:27 `at` must be a list of iterations -- write `at = [1, 4]`
