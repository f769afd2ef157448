// A model ends with its loss.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        Mse <- (fc, y);
    }
}

fn main() {}

//~ 3:5 `Net` has no loss -- call its last layer `loss`: `loss: CrossEntropy <- (…, …);`
