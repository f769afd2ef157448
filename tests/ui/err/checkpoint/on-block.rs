// A block's definition is no place in the network; its uses are.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint]
        block Mlp() { fc: Linear(8); }
        mlp: Mlp;
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 6:11 `checkpoint` means nothing on a `block`'s definition -- mark its uses
