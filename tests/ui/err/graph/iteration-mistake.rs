// A mistake of some iterations says of which.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat(d in [8, 0, 8]) { fc: Linear(d); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:51 `out_features` of `fc` must be a positive integer but is 0 -- write 1 or more
//~ 6:15 in iteration 1, where `d` is 0: `out_features` of `fc` must be a positive integer but is 0 -- write 1 or more
