// A named argument has a value.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8, bias = );
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:30 expected a number or the name of a constant -- write an expression
