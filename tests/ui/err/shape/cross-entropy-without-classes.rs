// Classes are an axis.
remat::model! {
    Net {
        input x: f32[8];
        target y: u32;
        fc: Linear(8);
        one: Mean(0);
        loss: CrossEntropy <- (one, y);
    }
}

fn main() {}

//~ 8:32 `loss` reads logits with the classes as last axis but `one` is [] -- give it `Linear(classes)`
//~ 7:9 `one` has no axis but the batch
