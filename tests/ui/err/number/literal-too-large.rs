// Integers have 64 bits, floats a largest one.
remat::model! {
    Net {
        const H = 9223372036854775808;
        const P = 1e400;
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:19 `9223372036854775808` is above the largest integer, 9223372036854775807 -- write a smaller one
//~ 5:19 `1e400` is above the largest float, 1.7976931348623157e308 -- write a smaller one
