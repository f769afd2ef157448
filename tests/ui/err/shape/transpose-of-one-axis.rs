// There are two.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        swap: Transpose;
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:15 `swap` swaps two axes but `x` is [8], 1 axis -- give it two; the batch is not counted
//~ 4:15 `x` is [8]
