// Targets are ids of classes.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32;
        head: Linear(10);
        loss: CrossEntropy <- (head, y);
    }
}

fn main() {}

//~ 7:38 `loss` reads u32 ids but `y` holds f32 values -- declare it as `u32`
//~ 5:16 `y` holds f32 values
