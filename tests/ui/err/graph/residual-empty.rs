// So have both paths of a residual; an identity needs no shortcut.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: residual {} shortcut {}
        fc: Linear(8) <- x;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:15 the main path of the residual is empty -- put a layer into it
//~ 6:27 the shortcut of the residual is empty -- put a layer into it
