// There is nothing that a batch would be for.
remat::model! {
    #[checkpoint(sqrt, batch = 32)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 3:24 `batch` is no argument of `checkpoint` on the model -- write `sqrt` alone or `every = 2`
