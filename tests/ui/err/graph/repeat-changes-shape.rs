// What an iteration gives, the next receives.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[16];
        body: repeat(3) {
            up: Linear(16);
        }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:15 the body of `repeat` must keep the shape, but iteration 0 receives [8] and iteration 1 receives [16] -- end with [8], or write `repeat(i in 0..n)`, whose body may change it
//~ 7:13 `up` gives [16]
