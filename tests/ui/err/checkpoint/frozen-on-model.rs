// A model of which nothing is trained is not trained.
remat::model! {
    #[frozen]
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 3:7 `frozen` means nothing on the model -- mark a layer or a scope that has parameters
