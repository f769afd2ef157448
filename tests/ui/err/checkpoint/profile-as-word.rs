// A path is text.
remat::model! {
    #[checkpoint(fraction = 0.9, profile = fast)]
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

//~ 3:44 `profile` must be the path of a file in quotes -- write `profile = "remat.profile"`
