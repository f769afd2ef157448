// The planner places boundaries, or the interval does.
remat::model! {
    #[checkpoint(every = 2, fraction = 0.5)]
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

//~ 3:18 `every` and `fraction` both say where the boundaries are -- remove one
//~ 3:29 `every` and `fraction` both say where the boundaries are -- remove one
