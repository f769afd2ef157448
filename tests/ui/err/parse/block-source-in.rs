// `in` is taken: it is what the block was given.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp() <- (in) { fc: Linear(8); }
        mlp: Mlp <- x;
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 6:25 `in` is the input of the scope it stands in -- choose another name
