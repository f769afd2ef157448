// Views are no steps: what the loss reads through them it reads at once.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[recompute]
        fc: Linear(8);
        grid: Reshape(2, 4);
        flat: Flatten;
        loss: Mse <- (flat, y);
    }
}

fn main() {}

//~ 6:11 only the loss reads `fc`, at once, so `recompute` means nothing here -- remove it
