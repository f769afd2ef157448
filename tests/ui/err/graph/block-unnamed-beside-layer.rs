// Its parameters may be those of a plain layer, too.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block B() { fc: Linear(8); }
        fc: Linear(8);
        B;
        out: Relu;
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 8:9 the parameters in this use of block `B` are declared twice -- name it: `b: B`
//~ 7:13 `fc.weight` is declared here first
