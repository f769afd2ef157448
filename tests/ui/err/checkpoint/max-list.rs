// A bound is a number.
remat::model! {
    #[checkpoint(sqrt, max = [1, 2])]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        c: Linear(8);
        loss: Mse <- (c, y);
    }
}

fn main() {}

//~ 3:30 `max` must be a positive integer -- write `max = 2`
