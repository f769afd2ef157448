// Arguments are named.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(2)]
        body: repeat(4) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:22 this is no argument of `checkpoint` on a `repeat` -- write `every = 2` or `at = [1, 4]`
