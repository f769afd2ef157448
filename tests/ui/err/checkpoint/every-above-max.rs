// One of the two does not hold.
remat::model! {
    #[checkpoint(every = 1, max = 1)]
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

//~ 3:26 `every = 1` places 2 boundaries but `max` is 1 -- write `every = 2`, or remove `max`
//~ 3:29 `every = 1` places 2 boundaries but `max` is 1 -- write `every = 2`, or remove `max`
