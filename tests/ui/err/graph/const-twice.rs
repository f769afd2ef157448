// Each constant is declared once.
remat::model! {
    Net {
        const H = 8;
        const H = 16;
        input x: f32[8];
        target y: f32[8];
        fc: Linear(H);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:15 `H` is declared here first
//~ 5:15 the constant `H` is declared twice -- rename one
