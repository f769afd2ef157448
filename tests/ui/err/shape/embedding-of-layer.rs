// What a layer gives is never ids, and has no type to declare.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        embed: Embedding(10, 4);
        loss: Mse <- (embed, y);
    }
}

fn main() {}

//~ 7:16 `embed` reads u32 ids but `fc` holds f32 values -- name an input or target that is declared as u32
//~ 6:9 `fc` holds f32 values
