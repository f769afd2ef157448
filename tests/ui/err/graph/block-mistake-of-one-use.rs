// One that only some uses make is told at those.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Attend(width, heads) {
            qkv: Linear(3 * width);
            attn: CausalAttention(heads);
            proj: Linear(8);
        }
        rows: Reshape(4, 2);
        one: Attend(6, 2);
        two: Attend(6, 4);
        flat: Flatten;
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 8:35 `attn` splits 6 features into 4 heads, which leaves 2 -- choose heads that divide 6
//~ 13:14 in this use of block `Attend`: `attn` splits 6 features into 4 heads, which leaves 2 -- choose heads that divide 6
//~ 7:13 `qkv` gives 3 * 6 features
