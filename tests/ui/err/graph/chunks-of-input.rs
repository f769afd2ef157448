// Nor does an input.
remat::model! {
    Net {
        input x: f32[12, 8];
        target y: u32[12];
        fc: Linear(8);
        other: Mse <- (fc, x);
        class: CrossEntropy(chunks = 4) <- (x, y);
        loss: Sum <- (other, class);
    }
}

fn main() {}

//~ 8:38 `class` with `chunks` does the work of the `Linear` before it, but `x` is an input -- give it a `Linear`, or remove `chunks`
//~ 4:15 `x` is an input
