// A mistake in a block is told there, and at every use it is a mistake of.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp(width) {
            up: Linear(width);
            act: Gelo;
            down: Linear(8);
        }
        one: Mlp(16);
        two: Mlp(32);
        loss: Mse <- (two, y);
    }
}

fn main() {}

//~ 8:18 there is no layer `Gelo` -- did you mean `Gelu`?
//~ 11:14 in this use of block `Mlp`: there is no layer `Gelo` -- did you mean `Gelu`?
//~ 12:14 in this use of block `Mlp`: there is no layer `Gelo` -- did you mean `Gelu`?
