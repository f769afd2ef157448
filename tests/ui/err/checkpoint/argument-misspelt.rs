// The nearest argument is suggested.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(evry = 2)]
        body: repeat(4) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:22 `evry` is no argument of `checkpoint` on a `repeat` -- did you mean `every`?
