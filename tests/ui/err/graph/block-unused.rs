// A block is checked where it is used, so one that nobody uses is a mistake.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp(n) { fc: Linear(n); }
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:15 nobody uses block `Mlp`, so it is not checked -- use it: `x: Mlp(…);`, or remove it
