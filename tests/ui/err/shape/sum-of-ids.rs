// Ids are no losses, and can not be added either.
remat::model! {
    Net {
        input x: f32[8];
        input ids: u32[3];
        target y: f32[8];
        fc: Linear(8) <- x;
        mse: Mse <- (fc, y);
        loss: Sum <- (mse, ids);
    }
}

fn main() {}

//~ 9:28 `loss` sums losses but `ids` is u32[3] for each sample -- put a loss before it
//~ 5:15 `ids` is u32[3] for each sample
