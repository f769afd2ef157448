// An input is always kept.
remat::model! {
    Net {
        #[checkpoint]
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:11 `checkpoint` means nothing on an `input` -- mark a layer or a scope that is computed
