// Every head has the same width.
remat::model! {
    Net {
        input x: f32[4, 8];
        target y: f32[4, 10];
        qkv: Linear(30);
        attn: CausalAttention(heads = 3);
        loss: Mse <- (attn, y);
    }
}

fn main() {}

//~ 7:39 `attn` splits 10 features into 3 heads, which leaves 1 -- choose heads that divide 10
//~ 6:9 `qkv` gives 3 * 10 features
