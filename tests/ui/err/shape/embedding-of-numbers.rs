// `Embedding` reads ids.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8, 4];
        embed: Embedding(10, 4);
        loss: Mse <- (embed, y);
    }
}

fn main() {}

//~ 6:16 `embed` reads u32 ids but `x` holds f32 values -- declare it as `u32[8]`
//~ 4:15 `x` holds f32 values
