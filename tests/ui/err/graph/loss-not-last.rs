// The loss stands at the end.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
        head: Linear(8) <- fc;
    }
}

fn main() {}

//~ 7:9 `loss` must be the last layer -- move it to the end
//~ 8:9 `head` stands behind the loss
