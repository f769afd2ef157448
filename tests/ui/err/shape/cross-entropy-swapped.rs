// What is given in the other order is told to be swapped.
remat::model! {
    Net {
        input x: f32[8];
        target y: u32;
        target z: f32;
        head: Linear(10);
        first: CrossEntropy <- (y, head);
        second: CrossEntropy <- (z, head);
        loss: Sum <- (first, second);
    }
}

fn main() {}

//~ 8:33 `first` reads logits, then ids of classes, but `y` holds u32 ids and `head` f32 values -- swap them: `<- (head, y)`
//~ 5:16 `y` holds u32 ids
//~ 7:9 `head` holds f32 values
//~ 9:34 `second` reads logits, then ids of classes, but `z` holds f32 values and `head` f32 values -- swap them: `<- (head, z)`
//~ 6:16 `z` holds f32 values
