// Rounded, both are 1.50 KiB.
remat::model! {
    #[checkpoint(budget = "1535 B", batch = 1)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(16);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 3:18 `budget` is 1535 B but a step of batch 1 takes at least 1536 B, 1.13 KiB of it for the gradients of parameters: with 1 segment and 1 layer recomputed -- write `budget = "1.50 KiB"`, or a smaller batch
//~ 8:12 the least that a step can take is set by the forward of `b` -- see the mark on the model
