// A number has a name only by `const`, as parameter of a block or as loop variable.
remat::model! {
    Net {
        input x: f32[WIDTH];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:22 there is no number `WIDTH` -- declare it in the model, where Rust's own constants are not visible: `const WIDTH = 64;`
