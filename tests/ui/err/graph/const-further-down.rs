// Constants read those above them.
remat::model! {
    Net {
        const H = 2 * D;
        const D = 4;
        input x: f32[D];
        target y: f32[8];
        fc: Linear(H);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:23 `D` is declared further down -- move `const D` above this
//~ 5:15 `D` is declared here, below a line that reads it
