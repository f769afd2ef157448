// An output is seen from outside, too.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: { up: Linear(8); down: Linear(8); }
        output up;
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 7:16 `up` stands inside `body`, which is finished and shows only its last value -- read the scope, or move this line into it
