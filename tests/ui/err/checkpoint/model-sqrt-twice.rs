// Each is said once.
remat::model! {
    #[checkpoint(sqrt, sqrt)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 3:24 `sqrt` is given twice -- remove one
