// Which boundaries?
remat::model! {
    #[checkpoint(store = bf16)]
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

//~ 3:18 `store` says how boundaries are held, and nothing places any -- write `sqrt`, `every = 2`, `fraction = 0.3` or `budget = "64 MiB", batch = 32` beside it, or `store` in the mark on a layer or scope
