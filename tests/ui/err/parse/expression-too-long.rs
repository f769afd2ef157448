// An expression has at most 100 operators in a row.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1 + 1);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:222 this expression is too long -- name parts of it: `const PART = …;`
