// A block has a name.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block (n) { fc: Linear(n); }
        fc: Linear(8) <- x;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:9 `block` needs a name -- write `block Name(n) { … }`
