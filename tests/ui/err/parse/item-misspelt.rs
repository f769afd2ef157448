// The nearest kind of item is suggested.
remat::model! {
    Net {
        inptu x: f32[8];
        target y: f32[8];
        fc: Linear(8) <- x;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:9 there is no item `inptu` -- did you mean `input`?
