// Every use after the first is told, each with a name of its own.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block B() { up: Linear(16); Relu; down: Linear(8); }
        B;
        B;
        B;
        out: Relu;
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 8:9 the parameters in this use of block `B` are declared twice -- name it: `b2: B`
//~ 7:9 they are declared here first
//~ 9:9 the parameters in this use of block `B` are declared twice -- name it: `b3: B`
