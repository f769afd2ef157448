// The nearest mark is suggested.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[chekpoint]
        fc: Linear(8);
        Relu;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:11 `chekpoint` is no attribute of a layer or scope -- did you mean `checkpoint`?
