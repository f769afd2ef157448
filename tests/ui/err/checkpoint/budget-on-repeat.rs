// A planner plans the whole model.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(budget = "1 MiB", batch = 8)]
        blocks: repeat(4) { fc: Linear(8); Relu; }
        head: Linear(8);
        loss: Mse <- (head, y);
    }
}

fn main() {}

//~ 6:22 `budget` stands on the model -- write `every = 2` here
//~ 6:40 `batch` stands on the model -- write `every = 2` here
