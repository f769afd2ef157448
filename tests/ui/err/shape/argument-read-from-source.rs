// Sizes that PyTorch asks for are read from the source here: what is left is the line to write.
remat::model! {
    Net {
        input x: f32[4, 8];
        target y: f32[4, 10];
        pos: PositionEmbedding(4, 8);
        up: Linear(in_features = 8, out_features = 24);
        attn: Attention(8, 2);
        head: Linear(8, 10, false);
        loss: Mse <- (head, y);
    }
}

fn main() {}

//~ 6:35 `embed_dim` of `pos` is read from `x`, which is [4, 8] -- remove this one: `PositionEmbedding(4)`
//~ 7:20 `in_features` of `up` is read from `pos` -- remove it
//~ 8:25 `embed_dim` of `attn` is read from `up` -- remove this one: `Attention(2)`
//~ 9:22 `in_features` of `head` is read from `attn` -- remove this one: `Linear(10, bias = false)`
//~ 9:29 `head` takes no more than `out_features` without their names -- write `bias = false`
