// What is recomputed is one layer's value.
remat::model! {
    #[recompute]
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 3:7 `recompute` means nothing on the model -- mark a layer or a scope
