// There is more than one segment; the loss is no stage.
remat::model! {
    #[checkpoint(every = 3)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 3:26 `every = 3` is more than the 2 stages of the model -- write at most 2
