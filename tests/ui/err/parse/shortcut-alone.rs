// A shortcut is the other path of a residual.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        shortcut { side: Linear(8); }
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 7:9 `shortcut` belongs to a `residual` -- write it right after its braces
