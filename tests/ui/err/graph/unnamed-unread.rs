// What has no name is read by the next line alone.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        Relu;
        c: Linear(8) <- a;
        loss: Mse <- (c, y);
    }
}

fn main() {}

//~ 7:9 nobody reads `Relu` -- remove it, or give it a name to read it by
