// One of the two is a slip, rightly written or not.
remat::model! {
    #[checkpoint(sqrt, store = bf16, store)]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        c: Linear(8);
        loss: Mse <- (c, y);
    }
}

fn main() {}

//~ 3:38 `store` is given twice -- remove one
