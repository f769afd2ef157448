// The planner places boundaries, or the square root does.
remat::model! {
    #[checkpoint(sqrt, budget = "1 MiB", batch = 8)]
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

//~ 3:18 `sqrt` and `budget` both say where the boundaries are -- remove one
//~ 3:24 `sqrt` and `budget` both say where the boundaries are -- remove one
