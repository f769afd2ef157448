// And not nothing.
remat::model! {
    Net {
        input x: f32[4, 8];
        target y: f32[4, 4];
        part: Slice(1, 6, -4);
        fc: Linear(4);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:15 `part` takes 6..4 of axis 1 of `x`, which is nothing -- write `start` below `end`
//~ 4:15 `x` is [4, 8]
