// A layer that nobody names is not called `_`.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        _: Relu;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 7:9 expected a name -- leave it out, with its `:`, where nobody reads the layer by name
