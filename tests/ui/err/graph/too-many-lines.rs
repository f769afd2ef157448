// A model is unrolled, and somewhere that ends.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        body: repeat(10000) { repeat(10000) { Relu; } }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 3:5 `Net` unrolls to more than 100000 layers and scopes -- repeat less
