// Of one position, it is one number.
remat::model! {
    Net {
        input x: f32[8];
        target y: u32[10];
        head: Linear(10);
        loss: CrossEntropy <- (head, y);
    }
}

fn main() {}

//~ 7:38 `loss` needs a target for each position but `head` is [10] and `y` is [10] -- make `y` `u32`; the last axis of `head` are its 10 classes
//~ 5:16 `y` is [10]
//~ 6:9 `head` is [10]
