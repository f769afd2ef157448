// What no layer computes is kept as it is.
remat::model! {
    Net {
        #[checkpoint]
        const D = 8;
        #[checkpoint]
        input x: f32[D];
        #[checkpoint]
        target y: f32[D];
        fc: Linear(D);
        #[checkpoint]
        output fc;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:11 `checkpoint` means nothing on a `const` -- mark a layer or a scope that is computed
//~ 6:11 `checkpoint` means nothing on an `input` -- mark a layer or a scope that is computed
//~ 8:11 `checkpoint` means nothing on a `target` -- mark a layer or a scope that is computed
//~ 11:11 `checkpoint` means nothing on an `output` -- mark a layer or a scope that is computed
