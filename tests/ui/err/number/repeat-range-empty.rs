// And has something in it.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat(i in 2..2) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:27 `2..2` is no range of 1 to 10000 integers -- write `first..end` with `first` below `end`
