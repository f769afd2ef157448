// Each once.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(at = [1, 1])]
        body: repeat(4) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:31 iteration 1 stands after 1 -- write them ascending, each once
