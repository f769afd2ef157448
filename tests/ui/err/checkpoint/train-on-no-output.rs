// And nothing but an output.
remat::model! {
    #[train]
    Net {
        #[train]
        const D = 8;
        #[train]
        input x: f32[D];
        #[train]
        target y: f32[D];
        #[train]
        block Mlp() { fc: Linear(D); }
        mlp: Mlp;
        #[train]
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 3:7 `train` means nothing on the model -- write it on an `output`
//~ 5:11 `train` means nothing on a `const` -- write it on an `output`
//~ 7:11 `train` means nothing on an `input` -- write it on an `output`
//~ 9:11 `train` means nothing on a `target` -- write it on an `output`
//~ 11:11 `train` means nothing on a `block`'s definition -- write it on an `output`
//~ 14:11 `train` means nothing on a layer or scope -- write it on an `output`
