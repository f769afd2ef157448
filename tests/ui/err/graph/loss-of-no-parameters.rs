// Something is trained.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        act: Relu;
        loss: Mse <- (act, y);
    }
}

fn main() {}

//~ 7:9 nothing before the loss is trained -- add a layer with parameters, or remove a `#[frozen]`
