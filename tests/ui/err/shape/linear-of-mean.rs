// The last axis that a layer took away is given back by a layer.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        one: Mean(0);
        fc: Linear(8);
        norm: LayerNorm <- one;
        sum: Add <- (fc, norm);
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 7:13 `fc` reads the last axis but `one` is [] -- put `Reshape(1)` before it
//~ 8:28 `norm` normalizes the last axis but `one` is [] -- put `Reshape(1)` before it
//~ 6:9 `one` is []
//~ 6:9 `one` has no axis but the batch
