// A slice is a part.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[4];
        part: Slice(0, 4, 12);
        fc: Linear(4);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:27 `end` of `part` is 12 but axis 0 of `x` has 8 -- write -8 to 8
//~ 4:15 `x` is [8]
