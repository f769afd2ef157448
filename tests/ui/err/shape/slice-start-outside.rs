// At both ends.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[4];
        low: Slice(0, -9, 4);
        high: Slice(start = 9) <- x;
        all: Concat <- (low, high);
        loss: Mse <- (all, y);
    }
}

fn main() {}

//~ 6:23 `start` of `low` is -9 but axis 0 of `x` has 8 -- write -8 to 8
//~ 7:29 `start` of `high` is 9 but axis 0 of `x` has 8 -- write -8 to 8
//~ 4:15 `x` is [8]
