// What bounds a plan of the whole model.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(every = 2, min_interval = 2)]
        blocks: repeat(4) { fc: Linear(8); Relu; }
        head: Linear(8);
        loss: Mse <- (head, y);
    }
}

fn main() {}

//~ 6:33 `min_interval` stands on the model -- write `every = 2` here
