// The loss is read by who calls.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        #[checkpoint]
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 7:11 `checkpoint` means nothing on the loss, whose value is always kept -- remove it
