// So does that of an output.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        #[train]
        #[train]
        output fc;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 8:11 `train` stands here twice -- remove one
