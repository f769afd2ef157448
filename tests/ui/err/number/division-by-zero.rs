// Nothing is divided by 0.
remat::model! {
    Net {
        const H = 8 / 0;
        const P = 1.0 / 0.0;
        input x: f32[8];
        target y: f32[8];
        fc: Linear(H);
        drop: Dropout(P);
        loss: Mse <- (drop, y);
    }
}

fn main() {}

//~ 4:21 `8 / 0` has no value -- divide by a number other than 0
//~ 5:23 `1.0 / 0.0` has no value -- divide by a number other than 0
