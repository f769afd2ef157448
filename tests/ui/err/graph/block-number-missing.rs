// A use gives every number.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp(width, depth) { fc: Linear(width * depth); }
        mlp: Mlp(8);
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 7:14 block `Mlp` needs `depth` -- write `Mlp(width, depth)` with numbers
