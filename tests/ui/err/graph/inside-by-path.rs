// Paths name parameters, not values.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: { fc: Linear(8); }
        loss: Mse <- (body.fc, y);
    }
}

fn main() {}

//~ 7:28 `fc` stands inside `body`, which shows only its last value -- write `<- body` for that, or move this line into it
