// Blocks in blocks: at each of them.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Inner(n) { fc: Linear(n); }
        block Outer(n) { inner: Inner(n - 8); }
        net: Outer(8);
        loss: Mse <- (net, y);
    }
}

fn main() {}

//~ 6:37 `out_features` of `fc` must be a positive integer but is 0 -- write 1 or more
//~ 8:14 in this use of block `Outer`: `out_features` of `fc` must be a positive integer but is 0 -- write 1 or more
//~ 7:33 in this use of block `Inner`: `out_features` of `fc` must be a positive integer but is 0 -- write 1 or more
