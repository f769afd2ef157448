// A name in an unnamed scope is no other path.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block B() { fc: Linear(8); }
        { b: B; }
        { b: B; }
        out: Relu;
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 8:14 the parameters in this use of block `B` are declared twice -- name it or its scope differently
//~ 7:14 they are declared here first
