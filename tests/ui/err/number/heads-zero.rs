// And there is one.
remat::model! {
    Net {
        input x: f32[4, 9];
        target y: f32[4, 3];
        qkv: Linear(9);
        attn: CausalAttention(heads = 0);
        loss: Mse <- (attn, y);
    }
}

fn main() {}

//~ 7:39 `heads` of `attn` must be a positive integer but is 0 -- write 1 or more
