// One of the two is a slip.
remat::model! {
    #[checkpoint(budget = "1 MiB", budget = "2 MiB", batch = 8)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        c: Linear(8);
        loss: Mse <- (c, y);
    }
}

fn main() {}

//~ 3:36 `budget` is given twice -- remove one
