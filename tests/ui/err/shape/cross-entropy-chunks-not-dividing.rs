// Chunks are of the same number of positions.
remat::model! {
    Net {
        input x: f32[12, 8];
        target y: u32[12];
        head: Linear(10);
        loss: CrossEntropy(chunks = 5) <- (head, y);
    }
}

fn main() {}

//~ 7:37 `chunks` of `loss` must divide the positions of a sample, 12, but is 5 -- write 4
