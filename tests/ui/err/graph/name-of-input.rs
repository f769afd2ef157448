// Inputs, targets and layers share their names.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        x: Linear(8);
        loss: Mse <- (x, y);
    }
}

fn main() {}

//~ 4:15 `x` is declared here first
//~ 6:9 the name `x` is declared twice -- rename one
