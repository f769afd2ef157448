// A fraction is a number.
remat::model! {
    #[checkpoint(fraction = "30 %")]
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

//~ 3:29 `fraction` must be a number -- write 0.3 for three tenths of what store-all takes
