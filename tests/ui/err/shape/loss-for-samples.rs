// A loss is one number for the batch, and only `Sum` reads it.
remat::model! {
    Net {
        input x: f32[4, 6];
        target y: f32[4, 6];
        fc: Linear(6);
        mse: Mse <- (fc, y);
        pos: PositionEmbedding(4) <- mse;
        norm: LayerNorm <- mse;
        act: Gelu <- mse;
        soft: Softmax <- mse;
        drop: Dropout <- mse;
        attn: CausalAttention(heads = 2) <- mse;
        sum: Add <- (x, mse);
        less: Sub <- (mse, mse);
        both: Concat <- (mse, x);
        part: Slice <- mse;
        flat: Flatten <- mse;
        swap: Transpose <- mse;
        mean: Mean(0) <- mse;
        embed: Embedding(4, 6) <- mse;
        all: Concat <- (pos, norm, act, soft, drop, attn, sum, less, both, part, flat, swap, mean, embed);
        one: Mse <- (x, mse);
        two: CrossEntropy <- (mse, mse);
        rest: Mse <- (all, y);
        loss: Sum <- (one, two, rest);
    }
}

fn main() {}

//~ 8:38 `pos` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 9:28 `norm` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 10:22 `act` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 11:26 `soft` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 12:26 `drop` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 13:45 `attn` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 14:25 `sum` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 15:23 `less` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 15:28 `less` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 16:26 `both` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 17:24 `part` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 19:28 `swap` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 20:26 `mean` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 23:25 `one` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 24:31 `two` reads f32 values but `mse` holds one number for the whole batch -- only `Sum` reads losses
//~ 18:26 `flat` reads a value of each sample but `mse` is one number for the batch -- only `Sum` reads losses
//~ 7:9 `mse` is one number for the batch
//~ 21:35 `embed` reads u32 ids but `mse` holds one number for the whole batch -- name an input or target that is declared as u32
//~ 24:36 `two` reads u32 ids but `mse` holds one number for the whole batch -- name an input or target that is declared as u32
//~ 7:9 `mse` holds one number for the whole batch
