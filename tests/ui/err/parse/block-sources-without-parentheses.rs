// The sources of a block stand in parentheses.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp() <- a { fc: Linear(8) <- a; }
        mlp: Mlp <- x;
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 6:24 expected `(` -- the sources of a block stand in parentheses: `<- (a, b)`
