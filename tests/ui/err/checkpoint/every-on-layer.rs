// Arguments say where a `repeat` or the model is cut.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(every = 2)]
        fc: Linear(8);
        out: Linear(8);
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 6:22 `every` is no argument of `checkpoint` on a layer or scope -- it stands on a `repeat` or on the model
