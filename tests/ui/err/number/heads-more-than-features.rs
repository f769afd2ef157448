// Nor are there more heads than features.
remat::model! {
    Net {
        input x: f32[4, 6];
        target y: f32[4, 6];
        attn: Attention(8) <- (x, x, x);
        fc: Linear(6);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:25 `attn` splits 6 features into 8 heads, which leaves 6 -- choose heads that divide 6
//~ 4:15 `x` gives 6 features
