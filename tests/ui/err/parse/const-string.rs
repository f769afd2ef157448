// A constant is a number.
remat::model! {
    Net {
        const H = "8";
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:19 expected a number or the name of a constant -- write an expression
