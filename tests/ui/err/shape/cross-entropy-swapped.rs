// What is given in the other order is told to be swapped.
remat::model! {
    Net {
        input x: f32[8];
        target y: u32;
        head: Linear(10);
        loss: CrossEntropy <- (y, head);
    }
}

fn main() {}

//~ 7:32 `loss` reads logits, then ids of classes, but `y` holds u32 ids and `head` f32 values -- swap them: `<- (head, y)`
//~ 5:16 `y` holds u32 ids
//~ 6:9 `head` holds f32 values
