// Of two uses without a name the second is given one, whatever stands inside.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block B(w) <- (a) { up: Linear(2 * w) <- a; down: Linear(w); }
        B(8);
        B(4 + 4);
        out: Relu;
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 8:9 the parameters in this use of block `B` are declared twice -- name it: `b2: B(4 + 4)`
//~ 7:9 they are declared here first
