// A size is positive.
remat::model! {
    #[checkpoint(budget = "-1 GiB", batch = 8)]
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

//~ 3:27 "-1 GiB" is no size in bytes above 0 -- write a number and `B`, `KiB`, `MiB`, `GiB`, `TiB`, `kB`, `MB` or `GB`, such as "64 MiB"
