// Where there is no axis but the batch, the type to declare or the layer to add is told.
remat::model! {
    Net {
        input x: f32;
        target y: f32;
        soft: Softmax <- x;
        mean: Mean(0) <- x;
        part: Slice(0, 0, 1) <- x;
        both: Concat <- (x, x);
        swap: Transpose <- x;
        fc: Linear(1) <- x;
        norm: LayerNorm <- x;
        pos: PositionEmbedding(1) <- x;
        all: Concat <- (soft, mean, part, both, swap, fc, norm, pos);
        loss: Mse <- (all, y);
    }
}

fn main() {}

//~ 6:26 `dim` of `soft` is -1 but `x` is [], 0 axes -- give it one: `f32[n]`; the batch is not counted
//~ 7:20 `dim` of `mean` is 0 but `x` is [], 0 axes -- give it one: `f32[n]`; the batch is not counted
//~ 8:21 `dim` of `part` is 0 but `x` is [], 0 axes -- give it one: `f32[n]`; the batch is not counted
//~ 9:26 `dim` of `both` is 0 but `x` is [], 0 axes -- give it one: `f32[n]`; the batch is not counted
//~ 10:28 `swap` swaps two axes but `x` is [], 0 axes -- give it two; the batch is not counted
//~ 11:26 `fc` reads the last axis but `x` is [] -- give it one: `f32[n]`
//~ 12:28 `norm` normalizes the last axis but `x` is [] -- give it one: `f32[n]`
//~ 13:38 `pos` reads [T, D] but `x` is [] -- give it two axes
//~ 4:15 `x` is []
//~ 4:15 `x` has no axis but the batch
