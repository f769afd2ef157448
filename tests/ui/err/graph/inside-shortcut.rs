// And each path of a residual.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        residual { fc: Linear(8); } shortcut { side: Linear(8); }
        out: Linear(8) <- side;
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 7:27 `side` stands inside the shortcut of the residual, which is finished and shows only its last value -- read the scope, or move this line into it
