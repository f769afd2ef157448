// Two axes are swapped.
remat::model! {
    Net {
        input x: f32[4, 8];
        target y: f32[4, 4];
        swap: Transpose(1, -1);
        fc: Linear(4);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:15 `swap` swaps axis 1 with itself -- write two different axes
