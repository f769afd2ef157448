// A layer is one value.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc.1, y);
    }
}

fn main() {}

//~ 7:26 `fc` has no output `1`, it is one value -- write `<- fc`
