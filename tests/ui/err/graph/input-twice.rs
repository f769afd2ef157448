// Each input has a name of its own.
remat::model! {
    Net {
        input x: f32[8];
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8) <- x;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:15 `x` is declared here first
//~ 5:15 the name `x` is declared twice -- rename one
