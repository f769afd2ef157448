// A block says which numbers it takes, if only that they are none; its uses are no second mistake.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp { fc: Linear(8); }
        mlp: Mlp;
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 6:19 expected `(` -- write `block Mlp() { … }`, with the numbers it takes in the parentheses
