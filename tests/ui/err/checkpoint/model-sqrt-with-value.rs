// `sqrt` has no value.
remat::model! {
    #[checkpoint(sqrt = 3)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 3:18 `sqrt` is written another way -- write `sqrt` alone
