// A mark that means nothing is told, and not that its `store` does.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(store = bf16)]
        grid: Reshape(2, 4);
        a: Linear(8);
        Flatten;
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 6:11 nothing is trained at or before `grid`, so `checkpoint` means nothing here -- remove it
