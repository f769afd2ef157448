// What is left for -1 is an integer.
remat::model! {
    Net {
        input x: f32[4, 8];
        target y: f32[4];
        rows: Reshape(5, -1);
        fc: Linear(4);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:23 `rows` makes [5, -1] of `x`, which is [4, 8]: 32 elements -- write sizes that multiply to 32; the batch is not counted
//~ 4:15 `x` is [4, 8]: 32 elements
