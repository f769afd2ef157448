// A shared weight has one shape.
remat::model! {
    Net {
        input x: u32[8];
        target y: u32[8];
        embed: Embedding(4, 8);
        up: Linear(16);
        head: Linear(4, weight = embed);
        loss: CrossEntropy <- (head, y);
    }
}

fn main() {}

//~ 8:34 `head` needs a `weight` of [4, 16] but shares `embed.weight`, which is [4, 8] -- make the shapes equal
//~ 6:16 `embed.weight` is [4, 8]
