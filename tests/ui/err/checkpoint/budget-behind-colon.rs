// As a field of a struct has it.
remat::model! {
    #[checkpoint(budget: "64 MiB", batch = 8)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 3:24 an argument has `=` behind its name -- write `budget = …`
