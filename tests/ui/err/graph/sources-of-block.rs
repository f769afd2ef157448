// A use of a block gives what the block declares.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mix() <- (a, b) { sum: Add <- (a, b); fc: Linear(8); }
        mix: Mix <- x;
        loss: Mse <- (mix, y);
    }
}

fn main() {}

//~ 7:14 block `Mix` reads 2 values but is given 1 -- write `<- (a, b)`
//~ 6:15 `Mix` reads `(a, b)`
