// And a use of a block; nothing else means anything there.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp() { fc: Linear(8); Relu; }
        #[checkpoint(reentrant = false, 3)]
        mlp: Mlp;
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 7:22 `reentrant` is no argument of `checkpoint` on a layer or scope -- write `#[checkpoint]` alone here, or `#[checkpoint(store = bf16)]`
//~ 7:41 this is no argument of `checkpoint` on a layer or scope -- write `#[checkpoint]` alone here, or `#[checkpoint(store = bf16)]`
