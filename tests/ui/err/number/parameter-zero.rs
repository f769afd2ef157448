// And the axes of a learned tensor.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        bias: Parameter(8, 0);
        sum: Add <- (x, bias);
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 6:28 axis 1 of `bias` must be a positive integer but is 0 -- write 1 or more
