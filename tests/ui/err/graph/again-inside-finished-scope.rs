// A layer inside a finished scope is applied from outside no more than it is read.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        residual { mid: Linear(8); }
        residual { again: mid; }
        out: Relu <- x;
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 7:27 `mid` stands inside the main path of the residual, which is finished and shows only its last value -- apply the scope, or move this line into it
