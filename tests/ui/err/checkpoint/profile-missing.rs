// It is written by a program that runs the model.
remat::model! {
    #[checkpoint(fraction = 0.9, profile = "there-is-none.profile")]
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

//~ 3:44 the profile `there-is-none.profile` could not be read beside the manifest of this crate: entity not found -- remove `profile`, call `profile` of the model, and write `profile` again
