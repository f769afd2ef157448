// A view is of a value that is made and read elsewhere.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        #[checkpoint(store = bf16)]
        shape: { Reshape(2, 4); Flatten; }
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 7:22 no activation that `store` could hold is kept for this mark -- remove `store`
