// In a block it is told there, and at each use.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp() {
            a: Linear(8);
            b: Relu;
            c: Linear(8) <- a;
        }
        one: Mlp;
        two: Mlp;
        loss: Mse <- (two, y);
    }
}

fn main() {}

//~ 8:13 nobody reads `b` -- remove it, or read it: `<- b`
//~ 11:14 in this use of block `Mlp`: nobody reads `b` -- remove it, or read it: `<- b`
//~ 12:14 in this use of block `Mlp`: nobody reads `b` -- remove it, or read it: `<- b`
