// An expression that a macro is given is told where it is given.
macro_rules! net {
    ($name:ident, $width:expr) => {
        remat::model! {
            $name {
                input x: f32[8];
                target y: f32[8];
                fc: Linear($width);
                loss: Mse <- (fc, y);
            }
        }
    };
}

net!(Net, 4 - 4);

fn main() {}

//~ 15:11 `out_features` of `fc` must be a positive integer but is 0 -- write 1 or more
