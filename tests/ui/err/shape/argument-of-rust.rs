// A constant of the program around the model is none of the model.
remat::model! {
    Net {
        const HIDDEN = 8;
        input x: f32[8];
        target y: f32[8];
        up: Linear(OUTER);
        mid: Linear(HIDEN) <- x;
        down: Dropout(RATE) <- x;
        all: Concat <- (up, mid, down);
        loss: Mse <- (all, y);
    }
}

fn main() {}

//~ 7:20 `out_features` of `up` must be a positive integer but is `OUTER`, which is no number -- declare it in the model, where Rust's own constants are not visible: `const OUTER = 64;`
//~ 8:21 `out_features` of `mid` must be a positive integer but is `HIDEN`, which is no number -- did you mean `HIDDEN`?
//~ 9:23 `p` of `down` must be a number but is `RATE`, which is no number -- declare it in the model, where Rust's own constants are not visible: `const RATE = 0.1;`
