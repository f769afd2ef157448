// The numbers that a block takes have no type.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp(n: usize) { fc: Linear(n); }
        mlp: Mlp(8);
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 6:20 expected `,` or `)` -- a parameter is a name alone
