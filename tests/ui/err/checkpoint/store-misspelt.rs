// The nearest argument is suggested.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(stor = bf16)]
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 6:22 `stor` is no argument of `checkpoint` on a layer or scope -- did you mean `store`?
