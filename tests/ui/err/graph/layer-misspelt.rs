// The nearest layer is suggested.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linaer(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:13 there is no layer `Linaer` -- did you mean `Linear`?
