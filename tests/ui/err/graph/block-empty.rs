// So has a block.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp() {}
        mlp: Mlp;
        loss: Mse <- (mlp, y);
    }
}

fn main() {}

//~ 6:15 block `Mlp` is empty -- put a layer into it
