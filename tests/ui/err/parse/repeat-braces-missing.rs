// What is repeated stands in braces.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat(3) fc: Linear(8);
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:25 expected `{` -- the layers of a scope stand in braces
