// From outside, a scope is one value.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: {
            up: Linear(8);
            down: Linear(8);
        }
        sum: Add <- (body, up);
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 10:28 `up` stands inside `body`, which is finished and shows only its last value -- read the scope, or move this line into it
