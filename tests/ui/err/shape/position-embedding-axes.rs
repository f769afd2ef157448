// Positions are the first of two axes.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        pos: PositionEmbedding(8);
        loss: Mse <- (pos, y);
    }
}

fn main() {}

//~ 6:14 `pos` reads [T, D] but `x` is [8] -- give it two axes
//~ 4:15 `x` is [8]
