// The layer has a weight.
remat::model! {
    Net {
        input x: u32[8];
        target y: u32[8];
        embed: Embedding(4, 8);
        act: Relu;
        head: Linear(4, weight = act);
        loss: CrossEntropy <- (head, y);
    }
}

fn main() {}

//~ 8:34 there is no parameter `act.weight` to share -- name an earlier layer that has a weight
