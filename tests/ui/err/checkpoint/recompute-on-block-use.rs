// A use of a block is a scope.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp() { fc: Linear(8); Relu; }
        #[recompute]
        mlp: Mlp;
        out: Linear(8);
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 7:11 `recompute` drops the value of one layer, but `mlp` is a scope -- write `#[checkpoint]` to recompute its inside
