// An output is computed.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        head: Linear(8);
        output x;
        output y;
        loss: Mse <- (head, y);
    }
}

fn main() {}

//~ 7:16 `x` is an input, which no layer computes -- name a layer
//~ 8:16 `y` is a target, which no layer computes -- name a layer
