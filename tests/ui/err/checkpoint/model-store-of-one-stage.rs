// Between one stage and the loss, no boundary falls.
remat::model! {
    #[checkpoint(every = 1, store = bf16)]
    Net {
        input x: f32[8];
        target y: f32[8];
        only: { a: Linear(8); b: Linear(8); }
        loss: Mse <- (only, y);
    }
}

fn main() {}

//~ 3:29 no activation that `store` could hold is kept for this mark -- remove `store`
