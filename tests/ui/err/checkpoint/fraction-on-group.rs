// A planner plans the whole model.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(fraction = 0.3)]
        body: { fc: Linear(8); Relu; }
        head: Linear(8);
        loss: Mse <- (head, y);
    }
}

fn main() {}

//~ 6:22 `fraction` is no argument of `checkpoint` on a layer or scope -- it stands on the model
