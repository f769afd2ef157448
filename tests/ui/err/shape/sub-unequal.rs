// So have differences, and nothing is repeated to fit.
remat::model! {
    Net {
        input x: f32[4, 8];
        target y: f32[4, 8];
        one: Mean(0);
        less: Sub <- (x, one);
        loss: Mse <- (less, y);
    }
}

fn main() {}

//~ 7:15 `less` needs two equal shapes but `x` is [4, 8] and `one` is [8] -- make the shapes equal; there is no broadcasting
//~ 4:15 `x` is [4, 8]
//~ 6:9 `one` is [8]
