// A source is an input or a layer above.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8) <- skip;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:26 there is no `skip` here -- name an input or a layer above
