// What no argument is left for is an error.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        act: Relu(8);
        fc: Linear(8, true);
        gelu: Gelu(none, 1);
        drop: Dropout(0.1, 0.2);
        loss: Mse <- (drop, y);
    }
}

fn main() {}

//~ 6:19 `act` takes no arguments -- remove this one
//~ 7:23 `fc` takes no more than `out_features` without their names -- write `bias = true`
//~ 8:26 `gelu` takes no more than `approximate` without their names -- remove this one
//~ 9:28 `drop` takes no more than `p` without their names -- remove this one
