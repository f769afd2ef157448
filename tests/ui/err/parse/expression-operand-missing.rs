// An operator has something on both sides.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(4 * );
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:24 expected a number or the name of a constant -- write an expression
