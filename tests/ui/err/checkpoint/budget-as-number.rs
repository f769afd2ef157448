// A number alone does not say of what.
remat::model! {
    #[checkpoint(budget = 64, batch = 8)]
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

//~ 3:27 `budget` must be a size in quotes -- write `budget = "64 MiB"`
