// Ids are no numbers to multiply.
remat::model! {
    Net {
        input x: u32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:13 `fc` reads f32 values but `x` holds u32 ids -- put an `Embedding` before it
//~ 4:15 `x` holds u32 ids
