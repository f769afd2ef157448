// What the next step reads need not be kept for later, nor made again.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        #[checkpoint]
        act: Relu;
        loss: Mse <- (act, y);
    }
}

fn main() {}

//~ 7:11 only the loss reads `act`, at once, so `checkpoint` means nothing here -- remove it
