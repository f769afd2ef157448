// A slip.
remat::model! {
    #[checkpoint(fracton = 0.3)]
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

//~ 3:18 `fracton` is no argument of `checkpoint` on the model -- did you mean `fraction`?
