// Iterations are counted from 0; at the last, a segment ends by itself.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(at = [1, 3])]
        one: repeat(4) { fc: Linear(8); }
        #[checkpoint(at = [-1, 1])]
        two: repeat(4) { fc: Linear(8); }
        #[checkpoint(at = [0.5])]
        three: repeat(4) { fc: Linear(8); }
        #[checkpoint(at = [0])]
        four: repeat(1) { fc: Linear(8); }
        loss: Mse <- (four, y);
    }
}

fn main() {}

//~ 6:31 iteration 3 can't end a segment of 4 iterations -- write 0 to 2; the last segment ends by itself
//~ 8:28 iteration -1 can't end a segment of 4 iterations -- write 0 to 2; the last segment ends by itself
//~ 10:28 iteration 0.5 can't end a segment of 4 iterations -- write 0 to 2; the last segment ends by itself
//~ 12:28 iteration 0 can't end a segment of 1 iterations -- leave `at` out
