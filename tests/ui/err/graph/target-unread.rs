// And a target.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        target w: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:16 nobody reads `w` -- remove it, or read it: `<- w`
