// On the model, too, the nearest is suggested.
remat::model! {
    #[checkpoint(sqr)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 3:18 `sqr` is no argument of `checkpoint` on the model -- did you mean `sqrt`?
