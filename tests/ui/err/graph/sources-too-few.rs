// A sum has two terms.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        sum: Add;
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 7:14 `sum` reads 2 values but is given 1 -- write `Add <- (a, b)`
