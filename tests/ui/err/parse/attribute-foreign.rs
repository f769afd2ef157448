// Layers take marks and docs, nothing else.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[cfg(test)]
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:11 `cfg` is no attribute of a layer or scope -- write `checkpoint`, `recompute` or `frozen`
