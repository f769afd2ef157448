// Inputs become arguments of methods, which have one of their own.
remat::model! {
    Net {
        input ws: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:15 generated methods have a `ws` of their own -- choose another name
