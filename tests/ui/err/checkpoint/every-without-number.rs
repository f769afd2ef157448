// It is said.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(every)]
        body: repeat(4) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:22 `every` is written another way -- write `every = 2`
