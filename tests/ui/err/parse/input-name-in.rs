// `in` is taken: it is what a scope was given.
remat::model! {
    Net {
        input in: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:15 `in` is the input of the scope it stands in -- choose another name
