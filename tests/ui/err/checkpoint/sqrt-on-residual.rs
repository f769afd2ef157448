// So is a residual.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(sqrt)]
        body: residual { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:22 `sqrt` is no argument of `checkpoint` on a layer or scope -- it stands on the model
