// Backward ends where nothing is trained.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint]
        act: Relu;
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:11 nothing is trained at or before `act`, so `checkpoint` means nothing here -- remove it
