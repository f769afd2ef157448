// A weight inside a scope is named by its path.
remat::model! {
    Net {
        input x: u32[8];
        target y: u32[8];
        enc: { embed: Embedding(4, 8); }
        head: Linear(4, weight = embed);
        loss: CrossEntropy <- (head, y);
    }
}

fn main() {}

//~ 7:34 there is no layer `embed` to share a weight with -- it stands inside `enc`: write `weight = enc.embed`
