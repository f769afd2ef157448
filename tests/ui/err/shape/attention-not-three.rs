// Queries, keys and values stand side by side, so there are three of one width.
remat::model! {
    Net {
        input x: f32[4, 8];
        target y: f32[4, 8];
        qkv: Linear(8);
        attn: CausalAttention(heads = 2);
        loss: Mse <- (attn, y);
    }
}

fn main() {}

//~ 7:15 `attn` reads queries, keys and values side by side but `qkv` gives 8 features, which 3 does not divide -- give it `Linear(3 * D)`, or three sources
//~ 6:9 `qkv` gives 8 features
