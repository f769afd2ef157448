// A name is no text.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: { "fc": Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:17 expected a name -- an identifier, or an integer as part of a parameter's path
