// Only what a layer computes can be computed again.
remat::model! {
    Net {
        #[recompute]
        const D = 8;
        #[recompute]
        input x: f32[D];
        #[recompute]
        target y: f32[D];
        fc: Linear(D);
        #[recompute]
        output fc;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:11 `recompute` means nothing on a `const` -- mark a layer or a scope that is computed
//~ 6:11 `recompute` means nothing on an `input` -- mark a layer or a scope that is computed
//~ 8:11 `recompute` means nothing on a `target` -- mark a layer or a scope that is computed
//~ 11:11 `recompute` means nothing on an `output` -- mark a layer or a scope that is computed
