// `in` is taken: it is what a scope was given.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        in: Linear(8);
        fc: Linear(8) <- x;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:9 `in` is the input of the scope it stands in -- choose another name
