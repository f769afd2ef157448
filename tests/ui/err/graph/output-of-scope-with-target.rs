// Nor is a scope that reads one inside.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        body: { act: Tanh; diff: Sub <- (act, y); }
        output body;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 8:16 the output `body` depends on a target, which `forward` is not given -- name a layer before the loss
