// A layer that is applied again is trained at both places, or at none.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        #[frozen]
        more: fc;
        loss: Mse <- (more, y);
    }
}

fn main() {}

//~ 8:15 `fc.weight` is frozen here but trained where it is declared -- freeze both or neither
//~ 6:13 `fc.weight` is trained here
