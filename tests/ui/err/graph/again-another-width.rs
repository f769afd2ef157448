// The parameters are those of where it is declared.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[16];
        fc: Linear(16);
        more: fc;
        loss: Mse <- (more, y);
    }
}

fn main() {}

//~ 7:15 `more` needs a `weight` of [16, 16] but shares `fc.weight`, which is [16, 8] -- make the shapes equal
//~ 6:13 `fc.weight` is [16, 8]
