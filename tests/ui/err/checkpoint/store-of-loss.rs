// What goes in is an input, and what comes out a loss: neither is rounded.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(store = bf16)]
        fit: { a: Linear(8); b: Gelu; c: Linear(8); Mse <- (c, y); }
        d: Linear(8) <- x;
        near: Mse <- (d, y);
        loss: Sum <- (fit, near);
    }
}

fn main() {}

//~ 6:22 no activation that `store` could hold is kept for this mark -- remove `store`
