// An input is an argument of `forward`, and Rust takes any keyword for one but these.
remat::model! {
    Net {
        input self: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:15 Rust has no variable `self` -- choose another name
