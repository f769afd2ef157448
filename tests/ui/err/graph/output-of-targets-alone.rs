// `forward` is given inputs alone, so something is made of them.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8) <- y;
        diff: Sub <- (x, fc);
        loss: Mse <- (diff, y);
    }
}

fn main() {}

//~ 8:15 everything that the loss reads depends on a target, so `forward` has no output -- give it a layer that reads an input
