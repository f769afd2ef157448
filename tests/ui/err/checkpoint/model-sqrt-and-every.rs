// Two ways to say where boundaries are do not go together.
remat::model! {
    #[checkpoint(sqrt, every = 2)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 3:18 `sqrt` and `every` both say where the boundaries are -- remove one
//~ 3:24 `sqrt` and `every` both say where the boundaries are -- remove one
