// So has a `repeat`.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        repeat(3) {}
        fc: Linear(8) <- x;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:9 this `repeat` is empty -- put a layer into it
