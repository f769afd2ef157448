// So there is nothing to recompute.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        #[recompute]
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 7:11 `recompute` means nothing on the loss, whose value is always kept -- remove it
