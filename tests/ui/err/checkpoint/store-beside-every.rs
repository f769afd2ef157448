// What stands beside it is judged by itself.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(store = bf16, every = 2)]
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 6:36 `every` is no argument of `checkpoint` on a layer or scope -- it stands on a `repeat` or on the model
