// A layer is one of the library, a block or an earlier one.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        act: Swoosh;
        loss: Mse <- (act, y);
    }
}

fn main() {}

//~ 7:14 there is no layer `Swoosh` -- declare it with `block`, or write one of `Linear`, `Embedding`, `PositionEmbedding`, `LayerNorm`, `Relu`, `Gelu`, `Silu`, `Sigmoid`, `Tanh`, `Softmax`, `Dropout`, `Attention`, `CausalAttention`, `Add`, `Sub`, `Mul`, `Concat`, `Slice`, `Reshape`, `Flatten`, `Transpose`, `Mean`, `Parameter`, `CrossEntropy`, `Mse`, `Sum`
