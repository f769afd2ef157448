// The logits of a chunk are those of a Linear: nothing else computes them.
remat::model! {
    Net {
        input x: f32[12, 8];
        target y: u32[12];
        head: Linear(10);
        act: Gelu;
        loss: CrossEntropy(chunks = 4) <- (act, y);
    }
}

fn main() {}

//~ 8:37 `loss` with `chunks` does the work of the `Linear` before it, but `act` is `Gelu` -- give it a `Linear`, or remove `chunks`
//~ 7:9 `act` is `Gelu`
