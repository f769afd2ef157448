// `output` names a layer; the mark stands on that.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        #[checkpoint]
        output fc;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 7:11 `checkpoint` means nothing on an `output` -- mark a layer or a scope that is computed
