// Nor has everything that is computed.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        #[frozen]
        act: Relu;
        #[frozen]
        tail: { Tanh; Sigmoid; }
        loss: Mse <- (tail, y);
    }
}

fn main() {}

//~ 7:11 `act` has no parameters and nothing random, so `frozen` means nothing here -- remove it
//~ 9:11 `tail` has no parameters and nothing random, so `frozen` means nothing here -- remove it
