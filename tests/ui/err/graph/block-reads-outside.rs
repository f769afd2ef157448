// A block sees constants, its numbers and its sources, nothing else.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        stem: Linear(8);
        block Skip() { fc: Linear(8); sum: Add <- (fc, stem); }
        skip: Skip;
        loss: Mse <- (skip, y);
    }
}

fn main() {}

//~ 7:56 `stem` stands outside of block `Skip`, which sees only its own names -- make it a source: `block Skip(…) <- (stem)`
//~ 8:15 in this use of block `Skip`: `stem` stands outside of block `Skip`, which sees only its own names -- make it a source: `block Skip(…) <- (stem)`
