// Only a few layers read ids; each of the others says so.
remat::model! {
    Net {
        input ids: u32[4, 6];
        target y: f32[4, 6];
        pos: PositionEmbedding(4) <- ids;
        norm: LayerNorm <- ids;
        relu: Relu <- ids;
        gelu: Gelu <- ids;
        silu: Silu <- ids;
        gate: Sigmoid <- ids;
        tanh: Tanh <- ids;
        soft: Softmax <- ids;
        drop: Dropout(0.1) <- ids;
        attn: Attention(heads = 2) <- ids;
        causal: CausalAttention(heads = 2) <- ids;
        part: Slice(1, 0, 3) <- ids;
        swap: Transpose <- ids;
        mean: Mean(0) <- ids;
        all: Concat <- (pos, norm, relu, gelu, silu, gate, tanh, soft, drop, attn, causal, part, swap, mean);
        loss: Mse <- (all, y);
    }
}

fn main() {}

//~ 6:38 `pos` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 7:28 `norm` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 8:23 `relu` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 9:23 `gelu` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 10:23 `silu` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 11:26 `gate` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 12:23 `tanh` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 13:26 `soft` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 14:31 `drop` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 15:39 `attn` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 16:47 `causal` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 17:33 `part` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 18:28 `swap` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 19:26 `mean` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 4:15 `ids` holds u32 ids
