// The loss depends on targets, and is what `forward_backward` gives.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        output loss;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 7:16 the output `loss` depends on a target, which `forward` is not given -- name a layer before the loss
