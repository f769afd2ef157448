// A scope that runs once has no interval.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp() { fc: Linear(8); Relu; }
        #[checkpoint(every = 2)]
        body: { fc: Linear(8); Relu; }
        #[checkpoint(every = 2)]
        more: residual { fc: Linear(8); Relu; }
        #[checkpoint(every = 2)]
        mlp: Mlp;
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 7:22 `every` is no argument of `checkpoint` on a layer or scope -- it stands on a `repeat` or on the model
//~ 9:22 `every` is no argument of `checkpoint` on a layer or scope -- it stands on a `repeat` or on the model
//~ 11:22 `every` is no argument of `checkpoint` on a layer or scope -- it stands on a `repeat` or on the model
