// Each is given once.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp(width) { fc: Linear(width); }
        mlp: Mlp(8, width = 16);
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 7:29 `width` is given twice -- remove one
