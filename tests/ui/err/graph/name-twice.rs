// Each name of a scope is given once.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:9 `fc` is declared here first
//~ 7:9 the name `fc` is declared twice -- rename one
