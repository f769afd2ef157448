// A part is positive.
remat::model! {
    #[checkpoint(fraction = -0.5)]
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

//~ 3:29 `fraction` must be above 0 and at most 1 but is -0.5 -- write 0.3 for three tenths of what store-all takes
