// What is made again is not held.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        #[recompute(store = bf16)]
        act: Relu;
        out: Linear(8);
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 7:20 expected `]` -- `recompute` takes nothing more
