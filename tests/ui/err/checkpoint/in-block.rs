// A mark that means nothing in any use of its block is told there, and at those.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Act() {
            #[recompute]
            Tanh;
            Relu;
        }
        act: Act;
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 7:15 nothing is trained at or before `Tanh`, so `recompute` means nothing here -- remove it
//~ 11:14 in this use of block `Act`: nothing is trained at or before `Tanh`, so `recompute` means nothing here -- remove it
