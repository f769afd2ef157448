// So is the nearest format.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(store = bf61)]
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 6:30 `bf61` is neither a format of two bytes nor `host` -- did you mean `bf16`?
