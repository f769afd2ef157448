// Only layers have parameters.
remat::model! {
    Net {
        #[frozen]
        const D = 8;
        #[frozen]
        input x: f32[D];
        #[frozen]
        target y: f32[D];
        fc: Linear(D);
        #[frozen]
        output fc;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:11 `frozen` means nothing on a `const` -- mark a layer or a scope that has parameters
//~ 6:11 `frozen` means nothing on an `input` -- mark a layer or a scope that has parameters
//~ 8:11 `frozen` means nothing on a `target` -- mark a layer or a scope that has parameters
//~ 11:11 `frozen` means nothing on an `output` -- mark a layer or a scope that has parameters
