// So are the ends.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(at = [0], at = [1])]
        body: repeat(4) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:32 `at` is given twice -- remove one
