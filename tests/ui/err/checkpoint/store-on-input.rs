// An input is kept as it is given.
remat::model! {
    Net {
        #[checkpoint(store = bf16)]
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 4:11 `checkpoint` means nothing on an `input` -- mark a layer or a scope that is computed
