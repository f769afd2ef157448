// A weight is shared with a layer above.
remat::model! {
    Net {
        input x: u32[8];
        target y: u32[8];
        embed: Embedding(4, 8);
        head: Linear(4, weight = embde);
        loss: CrossEntropy <- (head, y);
    }
}

fn main() {}

//~ 7:34 there is no layer `embde` to share a weight with -- did you mean `embed`?
