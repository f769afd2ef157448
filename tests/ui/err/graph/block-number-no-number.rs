// Each is a number.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp(width) { fc: Linear(width); }
        mlp: Mlp([8, 16]);
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 7:18 `width` must be a number -- write an expression
