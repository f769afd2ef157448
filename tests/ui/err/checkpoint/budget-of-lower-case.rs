// Units are written as they are everywhere.
remat::model! {
    #[checkpoint(budget = "64 mib", batch = 8)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 3:27 "64 mib" is no size in bytes above 0 -- did you mean "64 MiB"?
