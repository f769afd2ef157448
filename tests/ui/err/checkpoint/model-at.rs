// Stages have no numbers to name them by.
remat::model! {
    #[checkpoint(at = [1])]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 3:18 `at` stands on a `repeat` -- write `every = 2` here
