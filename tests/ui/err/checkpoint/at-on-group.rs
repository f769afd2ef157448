// A group is one segment.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(at = [1])]
        body: { up: Linear(8); Relu; down: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:22 `at` is no argument of `checkpoint` on a layer or scope -- it stands on a `repeat`
