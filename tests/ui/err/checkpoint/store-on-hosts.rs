// The nearest place is suggested, beside a format too.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(store = (bf16, hots))]
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 6:37 `hots` is neither a format of two bytes nor `host` -- did you mean `host`?
