// Nor its type: only the first iteration would read ids.
remat::model! {
    Net {
        input ids: u32[8];
        target y: f32[8, 4];
        body: repeat(2) { embed: Embedding(16, 4); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:15 the body of `repeat` must keep the shape, but iteration 0 receives u32[8] and iteration 1 receives [8, 4] -- end with u32[8], or write `repeat(i in 0..n)`, whose body may change it
//~ 6:27 `embed` gives [8, 4]
