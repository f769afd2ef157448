// The loss is no stage.
remat::model! {
    #[checkpoint(every = 1)]
    Net {
        input x: f32[8];
        target y: f32[8];
        loss: { a: Linear(8); Mse <- (a, y); }
    }
}

fn main() {}

//~ 3:26 the model has no stages: all its layers stand in the loss -- mark a layer or scope there, or move them out of it
