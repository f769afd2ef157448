// Inputs, targets and outputs stand at the top of the model.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        body: {
            input z: f32[8];
            target w: f32[8];
            output fc;
            Relu;
        }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 8:13 `input` stands only at the top of the model -- move it out of this scope
//~ 9:13 `target` stands only at the top of the model -- move it out of this scope
//~ 10:13 `output` stands only at the top of the model -- move it out of this scope
