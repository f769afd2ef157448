// A sum runs over an axis.
remat::model! {
    Net {
        input x: f32;
        target y: f32;
        soft: Softmax;
        loss: Mse <- (soft, y);
    }
}

fn main() {}

//~ 6:15 `dim` of `soft` is -1 but `x` is [], 0 axes -- give it one: `f32[n]`; the batch is not counted
//~ 4:15 `x` is []
