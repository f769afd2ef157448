// One of the two does not hold.
remat::model! {
    #[checkpoint(every = 1, min_interval = 2)]
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

//~ 3:26 `every = 1` places boundaries 1 apart but `min_interval` is 2 -- write `every = 2`, or remove `min_interval`
//~ 3:29 `every = 1` places boundaries 1 apart but `min_interval` is 2 -- write `every = 2`, or remove `min_interval`
