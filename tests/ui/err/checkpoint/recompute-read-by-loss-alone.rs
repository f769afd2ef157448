// The same of `recompute`.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        #[recompute]
        act: Relu;
        loss: Mse <- (act, y);
    }
}

fn main() {}

//~ 7:11 only the loss reads `act`, at once, so `recompute` means nothing here -- remove it
