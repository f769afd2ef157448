// The nearest name is suggested.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        hidden: Linear(8);
        out: Linear(8) <- hiden;
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 7:27 there is no `hiden` here -- did you mean `hidden`?
