// Nothing stands between a residual and its shortcut; a mark goes on the residual.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: residual { fc: Linear(8); }
        #[checkpoint]
        shortcut { side: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 8:9 `shortcut` belongs to a `residual` -- write it right after its braces
