// `in` is the one input of a scope.
remat::model! {
    Net {
        input x: f32[8];
        input z: f32[8];
        target y: f32[8];
        fc: Linear(8) <- in;
        sum: Add <- (fc, z);
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 7:26 this scope has 2 inputs, so `in` is none of them -- name one
