// Integers are names too.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        0: Linear(8);
        0: Relu;
        out: Linear(8);
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 6:9 `0` is declared here first
//~ 7:9 the name `0` is declared twice -- rename one
