// `train` keeps an output in training.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[train]
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:11 `train` means nothing on a layer or scope -- write it on an `output`
