// A constant has a number of its own.
remat::model! {
    Net {
        const N = N + 1;
        input x: f32[N];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:19 the constant `N` reads itself -- write a number
