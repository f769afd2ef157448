// What was declared first is told where it stands, and where its block is used.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block B() { fc: Linear(8); }
        B;
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 8:13 the parameter `fc.weight` is declared twice -- name this layer or its scope differently
//~ 6:25 `fc.weight` is declared here first
//~ 7:9 in this use of block `B`: `fc.weight` is declared here first
