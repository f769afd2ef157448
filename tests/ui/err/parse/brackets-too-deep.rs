// Brackets nest as deep as 100, those of the model included.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((8)))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))));
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:118 brackets nest too deep here -- give what is inside a name, as a block or a constant
