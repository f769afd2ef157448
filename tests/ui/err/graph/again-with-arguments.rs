// It has its arguments already.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        more: fc(16);
        loss: Mse <- (more, y);
    }
}

fn main() {}

//~ 7:18 `fc` is applied again as it is -- leave out the arguments
