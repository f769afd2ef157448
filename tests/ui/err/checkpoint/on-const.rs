// A constant is no value of the network.
remat::model! {
    Net {
        #[checkpoint]
        const H = 8;
        input x: f32[H];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:11 `checkpoint` means nothing on a `const` -- mark a layer or a scope that is computed
