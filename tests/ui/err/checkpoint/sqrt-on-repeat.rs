// A `repeat` says its interval.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(sqrt)]
        body: repeat(4) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:22 `sqrt` stands on the model -- write `every = 2` here
