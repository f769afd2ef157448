// And those of a view.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        rows: Reshape(8, 0);
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:26 axis 1 of `rows` is 0 -- write a positive integer, or -1 once for what is left
