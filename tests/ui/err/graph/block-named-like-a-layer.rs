// The library's names are taken.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Linear(n) { fc: Relu; }
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:15 `Linear` is a layer of the library -- give the block another name
