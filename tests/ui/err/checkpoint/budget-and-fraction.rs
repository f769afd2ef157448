// Two limits.
remat::model! {
    #[checkpoint(budget = "1 MiB", batch = 8, fraction = 0.3)]
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

//~ 3:18 `budget` and `fraction` both say where the boundaries are -- remove one
//~ 3:47 `budget` and `fraction` both say where the boundaries are -- remove one
