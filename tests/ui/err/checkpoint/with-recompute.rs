// A value is kept or it is not.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        #[checkpoint]
        #[recompute]
        act: Relu;
        out: Linear(8);
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 7:11 `checkpoint` keeps what `recompute` drops -- remove one of them
//~ 8:11 `checkpoint` keeps what `recompute` drops -- remove one of them
