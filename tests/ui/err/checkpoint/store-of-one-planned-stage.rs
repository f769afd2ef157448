// Nor does a planner place one there.
remat::model! {
    #[checkpoint(fraction = 1, store = f16)]
    Net {
        input x: f32[8];
        target y: f32[8];
        only: { a: Linear(8); b: Linear(8); }
        loss: Mse <- (only, y);
    }
}

fn main() {}

//~ 3:32 no activation that `store` could hold is kept for this mark -- remove `store`
