// Every item but a scope ends with `;`; the next item is read all the same.
remat::model! {
    Net {
        const H = 8
        input x: f32[H];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 5:9 expected `;` -- every item but a scope ends with one
