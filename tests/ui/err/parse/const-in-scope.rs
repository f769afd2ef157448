// Constants stand at the top of the model.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: {
            const K = 8;
            fc: Linear(8);
        }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 7:13 `const` stands only at the top of the model -- move it out of this scope
