// The line to write has heads that divide the width.
remat::model! {
    Net {
        input x: f32[4, 12];
        target y: f32[4, 12];
        one: Attention <- (x, x, x);
        up: Linear(36, bias = false) <- x;
        two: Attention;
        sum: Add <- (one, two);
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 6:14 `one` needs `heads` -- write `Attention(4)`
//~ 8:14 `two` needs `heads` -- write `Attention(4)`
