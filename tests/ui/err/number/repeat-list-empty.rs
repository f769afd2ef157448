// So has a list.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat(d in []) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:15 this `repeat` runs over an empty list -- write at least one number
