// `recompute` is about one layer's value, `checkpoint` about the inside of a scope.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[recompute]
        body: { up: Linear(8); Relu; down: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:11 `recompute` drops the value of one layer, but `body` is a scope -- write `#[checkpoint]` to recompute its inside
