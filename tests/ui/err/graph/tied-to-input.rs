// An input has no weight.
remat::model! {
    Net {
        input x: u32[8];
        target y: u32[8];
        embed: Embedding(4, 8);
        head: Linear(4, weight = x);
        loss: CrossEntropy <- (head, y);
    }
}

fn main() {}

//~ 7:34 there is no layer `x` to share a weight with -- name a layer above that has a weight
