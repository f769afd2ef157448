// Without `output`, `forward` returns what the loss reads first, which must not be the target.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        head: Linear(8);
        loss: Mse <- (y, head);
    }
}

fn main() {}

//~ 7:23 the loss reads the target `y` first, which is no output -- swap the sources, or declare an output: `output name;`
