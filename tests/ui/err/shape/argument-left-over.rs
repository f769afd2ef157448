// What no argument is left for is an error.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8, 16);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:23 `fc` has too many arguments -- remove this one, or name it
