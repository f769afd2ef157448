// And no more.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp(width) { fc: Linear(width); }
        block Plain() { fc: Linear(8); }
        mlp: Mlp(8, 2);
        plain: Plain(8);
        loss: Mse <- (plain, y);
    }
}

fn main() {}

//~ 8:21 block `Mlp` has no number left for this -- it takes `(width)`
//~ 9:22 block `Plain` has no number left for this -- it takes no numbers
