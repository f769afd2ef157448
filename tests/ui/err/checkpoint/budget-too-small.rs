// Four lines of 64 bytes for each sample, and the gradients of the parameters.
remat::model! {
    #[checkpoint(budget = "4 KiB", batch = 32)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        c: Linear(8);
        loss: Mse <- (c, y);
    }
}

fn main() {}

//~ 3:18 `budget` is 4 KiB but a step of batch 32 takes at least 11.07 KiB, 960 B of it for the gradients of parameters: with 2 segments and 1 layer recomputed -- write `budget = "11.07 KiB"`, or a smaller batch
//~ 10:15 the least that a step can take is set by the forward of `loss` -- see the mark on the model
