// Attributes stand before what they mark.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #![checkpoint]
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:10 expected `[` -- an attribute stands before its item: `#[…]`
