// The nearest of its numbers is suggested.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp(width) { fc: Linear(width); }
        mlp: Mlp(widht = 8);
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 7:18 block `Mlp` has no number `widht` -- did you mean `width`?
