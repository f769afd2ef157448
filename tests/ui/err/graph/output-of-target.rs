// `forward` is given no targets.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        head: Linear(8);
        diff: Sub <- (head, y);
        output diff;
        loss: Mse <- (head, y);
    }
}

fn main() {}

//~ 8:16 the output `diff` depends on a target, which `forward` is not given -- name a layer before the loss
