// Each is told, and so is what is wrong behind it.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        Linear(16);
        Relu;
        Linear(12, bias = false);
        drop: Dropout(2);
        loss: Mse <- (drop, y);
    }
}

fn main() {}

//~ 6:9 `Linear` has parameters, so it needs a name -- write `name: Linear(16)`
//~ 8:9 `Linear` has parameters, so it needs a name -- write `name: Linear(12, bias = false)`
//~ 9:23 `p` of `drop` must be in [0, 1) but is 2 -- write a probability below 1
