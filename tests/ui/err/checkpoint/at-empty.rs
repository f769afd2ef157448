// That is not empty.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(at = [])]
        body: repeat(4) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:27 `at` names no iteration -- write at least one, or leave `at` out
