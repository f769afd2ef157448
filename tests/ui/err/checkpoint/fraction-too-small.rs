// Four of six lines is the least.
remat::model! {
    #[checkpoint(fraction = 0.5)]
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

//~ 3:18 `fraction = 0.5` of what store-all takes is 192 B for each sample but a step takes at least 320 B: with 2 segments and 1 layer recomputed -- write `fraction = 0.834`
//~ 10:15 the least that a step can take is set by the forward of `loss` -- see the mark on the model
