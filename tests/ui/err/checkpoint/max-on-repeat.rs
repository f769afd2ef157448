// What bounds a plan of the whole model.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(every = 2, max = 3)]
        blocks: repeat(4) { fc: Linear(8); Relu; }
        head: Linear(8);
        loss: Mse <- (head, y);
    }
}

fn main() {}

//~ 6:33 `max` stands on the model -- write `every = 2` here
