// Named, it is one weight: and it is told, not looked for again and again.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        one: Mse <- (fc, y);
        two: Mse <- (fc, y);
        loss: Sum(weights = 2) <- (one, two);
    }
}

fn main() {}

//~ 9:15 `loss` has 1 weight for 2 losses -- write one for each, or none
