// Each has a name of its own.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp(n, n) { fc: Linear(n); }
        mlp: Mlp(8, 8);
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 6:22 `n` stands here twice -- rename one
