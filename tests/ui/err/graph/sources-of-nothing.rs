// A parameter reads nothing.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        bias: Parameter(8) <- x;
        sum: Add <- (x, bias);
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 6:15 `bias` reads 0 values but is given 1 -- write `Parameter(8)` without `<-`
