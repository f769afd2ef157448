// Nothing stands behind `=`; the constant is known all the same, so that its use is no second mistake.
remat::model! {
    Net {
        const H = ;
        input x: f32[8];
        target y: f32[8];
        fc: Linear(H);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:19 expected a number or the name of a constant -- write an expression
