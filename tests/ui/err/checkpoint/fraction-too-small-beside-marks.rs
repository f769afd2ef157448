// A boundary after each layer is kept.
remat::model! {
    #[checkpoint(fraction = 0.7)]
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint] a: Linear(8);
        #[checkpoint] b: Linear(8);
        c: Linear(8);
        loss: Mse <- (c, y);
    }
}

fn main() {}

//~ 3:18 `fraction = 0.7` of what store-all takes is 268 B for each sample but a step takes at least 384 B: with nothing recomputed -- remove the marks by hand, which keep what a planner would not, or the `fraction`
//~ 10:15 the least that a step can take is set by the forward of `loss` -- see the mark on the model
