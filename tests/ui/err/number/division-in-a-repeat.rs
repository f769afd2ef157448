// And in which iteration.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat(n in [2, 3]) { up: Linear(8 / n); down: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:50 `8 / 3` is not an integer: the remainder is 2 -- choose numbers that divide, or write `8.0 / 3` for a float
//~ 6:15 in iteration 1, where `n` is 3: `8 / 3` is not an integer: the remainder is 2 -- choose numbers that divide, or write `8.0 / 3` for a float
