// A scope ends with its braces.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: { fc: Linear(8); };
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:33 a scope ends with its `}` -- remove this `;`
