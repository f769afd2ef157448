// Also the other marks stand on the uses of a block, not on its definition.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[recompute]
        #[frozen]
        block Mlp() { fc: Linear(8); }
        mlp: Mlp;
        out: Linear(8);
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 6:11 `recompute` means nothing on a `block`'s definition -- mark its uses
//~ 7:11 `frozen` means nothing on a `block`'s definition -- mark its uses
