// A residual is a scope.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[recompute]
        residual { fc: Linear(8); }
        out: Linear(8);
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 6:11 `recompute` drops the value of one layer, but this `residual` is a scope -- write `#[checkpoint]` to recompute its inside
