// What a layer is called elsewhere is known.
remat::model! {
    Net {
        input x: f32[4, 8];
        target y: f32[4, 8];
        a: ReLU <- x;
        b: SiLU <- x;
        c: GELU <- x;
        d: Swish <- x;
        e: MultiheadAttention(8, 2) <- x;
        f: ModuleList(4) <- x;
        g: Sequential(4) <- x;
        h: Conv2d(3, 8, 3) <- x;
        i: LeakyReLU(0.1) <- x;
        loss: MSELoss <- (a, y);
    }
}

fn main() {}

//~ 6:12 there is no layer `ReLU` -- write `Relu`
//~ 7:12 there is no layer `SiLU` -- write `Silu`
//~ 8:12 there is no layer `GELU` -- write `Gelu`
//~ 9:12 there is no layer `Swish` -- write `Silu`
//~ 10:12 there is no layer `MultiheadAttention` -- write `Attention` or `CausalAttention`
//~ 11:12 there is no layer `ModuleList` -- write a scope: `repeat(n) { … }`
//~ 12:12 there is no layer `Sequential` -- write a scope, whose layers each read the one before: `{ … }`
//~ 13:12 there is no layer `Conv2d` -- declare it with `block`, or write one of `Linear`, `Embedding`, `PositionEmbedding`, `LayerNorm`, `Relu`, `Gelu`, `Silu`, `Sigmoid`, `Tanh`, `Softmax`, `Dropout`, `Attention`, `CausalAttention`, `Add`, `Sub`, `Mul`, `Concat`, `Slice`, `Reshape`, `Flatten`, `Transpose`, `Mean`, `Parameter`, `CrossEntropy`, `Mse`, `Sum`
//~ 14:12 there is no layer `LeakyReLU` -- declare it with `block`, or write one of `Linear`, `Embedding`, `PositionEmbedding`, `LayerNorm`, `Relu`, `Gelu`, `Silu`, `Sigmoid`, `Tanh`, `Softmax`, `Dropout`, `Attention`, `CausalAttention`, `Add`, `Sub`, `Mul`, `Concat`, `Slice`, `Reshape`, `Flatten`, `Transpose`, `Mean`, `Parameter`, `CrossEntropy`, `Mse`, `Sum`
//~ 15:15 there is no layer `MSELoss` -- write `Mse`
