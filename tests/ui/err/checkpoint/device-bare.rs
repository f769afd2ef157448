// A device has no place of its own.
remat::model! {
    #[checkpoint(fraction = 0.3, device)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        c: Linear(8);
        loss: Mse <- (c, y);
    }
}

fn main() {}

//~ 3:34 `device` is written another way -- write `device = cuda`
