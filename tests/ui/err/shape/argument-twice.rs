// Each argument is given once.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8, bias = true, bias = false);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:43 `bias` is given twice -- remove one
