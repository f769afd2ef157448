// What has parameters has a name.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        Linear(8);
        act: Relu;
        loss: Mse <- (act, y);
    }
}

fn main() {}

//~ 6:9 `Linear` has parameters, so it needs a name -- write `name: Linear(8)`
