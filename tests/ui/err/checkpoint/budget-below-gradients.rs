// The gradients of the parameters alone take more.
remat::model! {
    #[checkpoint(budget = "900 B", batch = 1)]
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

//~ 3:18 `budget` is 900 B but a step of batch 1 takes at least 1.38 KiB, 960 B of it for the gradients of parameters: with 2 segments and 1 layer recomputed -- write `budget = "1.38 KiB"`, or a smaller batch
//~ 10:15 the least that a step can take is set by the forward of `loss` -- see the mark on the model
