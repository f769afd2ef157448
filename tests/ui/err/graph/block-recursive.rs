// A block ends.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp(n) {
            fc: Linear(n);
            rest: Mlp(n);
        }
        mlp: Mlp(8);
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 8:19 block `Mlp` uses itself, without an end -- use `repeat`
//~ 10:14 in this use of block `Mlp`: block `Mlp` uses itself, without an end -- use `repeat`
