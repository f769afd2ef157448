// What is to be a row or a class is an id, wherever it comes from.
remat::model! {
    Net {
        input x: f32[4];
        input s: f32;
        target y: f32[4];
        embed: Embedding(10, 6) <- x;
        one: Embedding(10, 6) <- s;
        label: Embedding(10, 6) <- y;
        fc: Linear(6) <- x;
        again: Embedding(10, 6) <- fc;
        all: Concat <- (embed, one, label, again);
        first: CrossEntropy <- (all, y);
        second: CrossEntropy <- (fc, fc);
        loss: Sum <- (first, second);
    }
}

fn main() {}

//~ 7:36 `embed` reads u32 ids but `x` holds f32 values -- declare it as `u32[4]`
//~ 4:15 `x` holds f32 values
//~ 8:34 `one` reads u32 ids but `s` holds f32 values -- declare it as `u32`
//~ 5:15 `s` holds f32 values
//~ 9:36 `label` reads u32 ids but `y` holds f32 values -- declare it as `u32[4]`
//~ 6:16 `y` holds f32 values
//~ 11:36 `again` reads u32 ids but `fc` holds f32 values -- name an input or target that is declared as u32
//~ 10:9 `fc` holds f32 values
//~ 14:38 `second` reads u32 ids but `fc` holds f32 values -- name an input or target that is declared as u32
