// So is a `repeat`, with all of its iterations.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat(3) { fc: Linear(8); }
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 7:23 `fc` stands inside `body`, which is finished and shows only its last value -- read the scope, or move this line into it
