// In a block, it is told there and at the use whose number it is.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Half(n) { up: Linear(n / 2); down: Linear(8); }
        one: Half(8);
        two: Half(7);
        loss: Mse <- (two, y);
    }
}

fn main() {}

//~ 6:38 `7 / 2` is not an integer: the remainder is 1 -- choose numbers that divide, or write `7.0 / 2` for a float
//~ 8:14 in this use of block `Half`: `7 / 2` is not an integer: the remainder is 1 -- choose numbers that divide, or write `7.0 / 2` for a float
