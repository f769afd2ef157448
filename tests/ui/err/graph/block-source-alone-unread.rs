// Also one alone, where the first line of the block reads something else.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Bias() <- (a) { bias: Parameter(8); act: Relu; }
        fc: Linear(8);
        bias: Bias;
        loss: Mse <- (bias, y);
    }
}

fn main() {}

//~ 6:26 block `Bias` does not read its source `a` -- remove it, or read it: `<- a`
//~ 8:15 in this use of block `Bias`: block `Bias` does not read its source `a` -- remove it, or read it: `<- a`
