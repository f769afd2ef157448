// And it is left for one axis.
remat::model! {
    Net {
        input x: f32[4, 8];
        target y: f32[4];
        rows: Reshape(-1, -1);
        fc: Linear(4);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:27 axis 1 of `rows` is -1 -- write a positive integer, or -1 once for what is left
