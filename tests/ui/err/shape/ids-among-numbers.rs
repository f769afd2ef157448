// Of several sources, each is told that holds ids.
remat::model! {
    Net {
        input x: f32[4, 6];
        input ids: u32[4, 6];
        target y: f32[4, 6];
        target z: u32[4, 6];
        sum: Add <- (x, ids);
        less: Sub <- (ids, x);
        product: Mul <- (ids, ids);
        both: Concat <- (ids, x, ids);
        attn: Attention(heads = 2) <- (x, ids, z);
        act: Relu <- z;
        all: Concat <- (sum, less, product, both, attn, act);
        one: Mse <- (ids, y);
        two: Mse <- (all, y);
        three: CrossEntropy <- (ids, z);
        loss: Sum <- (one, two, three);
    }
}

fn main() {}

//~ 8:25 `sum` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 9:23 `less` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 10:26 `product` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 10:31 `product` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 11:26 `both` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 11:34 `both` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 12:43 `attn` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 12:48 `attn` reads f32 values but `z` holds u32 ids -- declare it as `f32[4, 6]`
//~ 13:22 `act` reads f32 values but `z` holds u32 ids -- declare it as `f32[4, 6]`
//~ 15:22 `one` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 17:33 `three` reads f32 values but `ids` holds u32 ids -- put an `Embedding` before it
//~ 5:15 `ids` holds u32 ids
//~ 7:16 `z` holds u32 ids
