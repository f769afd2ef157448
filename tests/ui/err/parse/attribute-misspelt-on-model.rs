// Other attributes go to the struct, but not what is nearly a mark.
remat::model! {
    #[checkpiont(sqrt)]
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 3:7 `checkpiont` is no attribute of the model -- did you mean `checkpoint`?
