// Unnamed scopes add nothing to the names of their parameters, so these are the same.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        { fc: Linear(8); }
        { fc: Linear(8); }
        out: Relu;
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 7:15 the parameter `fc.weight` is declared twice -- name this layer or its scope differently
//~ 6:15 `fc.weight` is declared here first
