// What bounds a plan of the whole model.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(max = 2)]
        fc: Linear(8);
        head: Linear(8);
        loss: Mse <- (head, y);
    }
}

fn main() {}

//~ 6:22 `max` is no argument of `checkpoint` on a layer or scope -- it stands on the model
