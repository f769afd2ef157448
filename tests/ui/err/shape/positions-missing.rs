// The line to write has as many positions as there are.
remat::model! {
    Net {
        input x: f32[12, 4];
        target y: f32[12, 4];
        pos: PositionEmbedding;
        own: PositionEmbedding(init = zeros) <- x;
        sum: Add <- (pos, own);
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 6:14 `pos` needs `num_positions` -- write `PositionEmbedding(12)`
//~ 7:14 `own` needs `num_positions` -- write `PositionEmbedding(12, init = zeros)`
