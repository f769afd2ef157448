// A budget of how much?
remat::model! {
    #[checkpoint(budget, batch = 8)]
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

//~ 3:18 `budget` is written another way -- write `budget = "64 MiB", batch = 32`
