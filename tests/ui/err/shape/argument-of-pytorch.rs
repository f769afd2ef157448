// What an argument is called elsewhere is known, and told before that ours is missing.
remat::model! {
    Net {
        input x: f32[4, 48];
        target y: f32[8];
        up: Linear(144);
        attn: Attention(num_heads = 2);
        norm: LayerNorm(epsilon = 1e-5) <- x;
        mean: Mean(axis = 0) <- x;
        drop: Dropout(rate = 0.1) <- mean;
        fc: Linear(in_size = 48, units = 8) <- x;
        soft: Softmax(axis = 0) <- x;
        act: Relu(inplace = true) <- x;
        all: Concat(axis = 0) <- (attn, norm, drop, fc, soft, act);
        loss: Mse(reduction = mean) <- (all, y);
    }
}

fn main() {}

//~ 7:25 `Attention` has no argument `num_heads` -- did you mean `heads`?
//~ 8:25 `LayerNorm` has no argument `epsilon` -- did you mean `eps`?
//~ 9:20 `Mean` has no argument `axis` -- did you mean `dim`?
//~ 10:23 `Dropout` has no argument `rate` -- did you mean `p`?
//~ 11:20 `in_size` of `fc` is read from `x`, which is [4, 48] -- remove it
//~ 11:34 `Linear` has no argument `units` -- did you mean `out_features`?
//~ 12:23 `Softmax` has no argument `axis` -- did you mean `dim`?
//~ 13:19 `Relu` has no argument `inplace`: where each value stands is decided while compiling -- remove it
//~ 14:21 `Concat` has no argument `axis` -- did you mean `dim`?
//~ 15:19 `Mse` has no argument `reduction`: it is always the mean over the batch -- remove it
