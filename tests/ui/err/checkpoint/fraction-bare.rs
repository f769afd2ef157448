// A fraction of how much?
remat::model! {
    #[checkpoint(fraction)]
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

//~ 3:18 `fraction` is written another way -- write `fraction = 0.3`
