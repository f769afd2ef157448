// The nearest constant is suggested, in an expression and as an argument.
remat::model! {
    Net {
        const HIDDEN = 8;
        input x: f32[2 * HIDEN];
        input z: f32[8];
        target y: f32[8];
        fc: Linear(HIDDN) <- z;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 5:26 there is no number `HIDEN` -- did you mean `HIDDEN`?
//~ 8:20 `out_features` of `fc` must be a positive integer but is `HIDDN`, which is no number -- did you mean `HIDDEN`?
