// Of integers.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat(i in 0.0..2.0) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:27 `0.0..2.0` is no range of 1 to 10000 integers -- write `first..end` with `first` below `end`
