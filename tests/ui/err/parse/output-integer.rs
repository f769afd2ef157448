// An output is a layer with a name.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        0: Linear(8);
        act: Relu;
        output 0;
        loss: Mse <- (act, y);
    }
}

fn main() {}

//~ 8:16 expected the name of a layer -- write `output head;`
