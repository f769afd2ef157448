// So is a target.
remat::model! {
    Net {
        input x: f32[8];
        #[recompute]
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 5:11 `recompute` means nothing on a `target` -- mark a layer or a scope that is computed
