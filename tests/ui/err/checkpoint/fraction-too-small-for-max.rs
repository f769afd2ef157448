// One boundary is too few.
remat::model! {
    #[checkpoint(fraction = 0.1, max = 1)]
    Net {
        input x: f32[8];
        target y: f32[8];
        blocks: repeat(12) { fc: Linear(64); Gelu; down: Linear(8); }
        loss: Mse <- (blocks, y);
    }
}

fn main() {}

//~ 3:18 `fraction = 0.1` of what store-all takes is 710 B for each sample but a step takes at least 1 KiB: with 1 segment and 29 layers recomputed -- write `fraction = 0.145`, or a larger `max`
//~ 7:34 the least that a step can take is set by the recompute of `blocks.11.fc` -- see the mark on the model
