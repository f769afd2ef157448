// Frozen parameters are not trained.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[frozen]
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 8:9 nothing before the loss is trained -- add a layer with parameters, or remove a `#[frozen]`
