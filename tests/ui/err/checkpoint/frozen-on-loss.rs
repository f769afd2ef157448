// A loss has no parameters.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        #[frozen]
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 7:11 `loss` has no parameters and nothing random, so `frozen` means nothing here -- remove it
