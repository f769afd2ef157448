// Two numbers have an operator between them.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear((4 4));
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:23 expected an operator or `)` -- operators are `+`, `-`, `*`, `/` and `%`
