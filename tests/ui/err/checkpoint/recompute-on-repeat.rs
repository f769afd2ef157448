// A `repeat` is a scope.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[recompute]
        body: repeat(3) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:11 `recompute` drops the value of one layer, but `body` is a scope -- write `#[checkpoint]` to recompute its inside
