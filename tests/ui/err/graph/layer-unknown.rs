// A layer is one of the library, a block or an earlier one.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        act: Swoosh;
        loss: Mse <- (act, y);
    }
}

fn main() {}

//~ 7:14 there is no layer `Swoosh` -- declare it with `block`, or name a layer of the library
