// The use that needs a name may stand in a block itself, which is named.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block C() { fc: Linear(8); }
        block B() { C; c: Relu; C; }
        b: B;
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 7:33 the parameters in this use of block `C` are declared twice -- name it: `c2: C`
//~ 8:12 in this use of block `B`: the parameters in this use of block `C` are declared twice -- name it: `c2: C`
//~ 7:21 they are declared here first
