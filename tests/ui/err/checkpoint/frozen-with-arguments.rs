// `frozen` says it all.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[frozen(weight)]
        fc: Linear(8);
        out: Linear(8);
        #[train(true)]
        output out;
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 6:17 expected `]` -- `frozen` takes nothing more
//~ 9:16 expected `]` -- `train` takes nothing more
