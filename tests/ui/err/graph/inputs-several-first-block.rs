// And a use of a block, even where the numbers of values agree.
remat::model! {
    Net {
        input x: f32[8];
        input z: f32[8];
        target y: f32[8];
        block Mix() <- (a, b) { sum: Add <- (a, b); fc: Linear(8); }
        mix: Mix;
        loss: Mse <- (mix, y);
    }
}

fn main() {}

//~ 8:14 `mix` could read `x` or `z` -- say which: `<- x`
