// There is a row for every position.
remat::model! {
    Net {
        input x: f32[16, 4];
        target y: f32[16, 4];
        fc: Linear(4);
        pos: PositionEmbedding(8);
        loss: Mse <- (pos, y);
    }
}

fn main() {}

//~ 7:32 `pos` has 8 positions but `fc` has 16 -- write 16 or more
//~ 6:9 `fc` is [16, 4]: 16 positions
