// The division of integers is exact.
remat::model! {
    Net {
        const D = 10;
        input x: f32[D / 4];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 5:24 `10 / 4` is not an integer: the remainder is 2 -- choose numbers that divide, or write `10.0 / 4` for a float
