// A block that declares no sources reads one value.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp() { fc: Linear(8); }
        mlp: Mlp <- (x, x);
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 7:14 block `Mlp` reads 1 value but is given 2 -- declare sources: `block Mlp(…) <- (a, b) { … }`
