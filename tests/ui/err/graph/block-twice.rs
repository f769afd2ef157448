// Each block is declared once.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp(n) { fc: Linear(n); }
        block Mlp(n) { fc: Linear(2 * n); }
        mlp: Mlp(8);
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 6:15 `Mlp` is declared here first
//~ 7:15 the block `Mlp` is declared twice -- rename one
