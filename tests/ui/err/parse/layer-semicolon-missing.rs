// A missing `;` in a scope is told there, and the next line is read all the same.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: {
            up: Linear(8)
            Relu;
            down: Linear(8)
        }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 8:13 expected `;` -- every item but a scope ends with one
//~ 10:9 expected `;` -- every item but a scope ends with one
