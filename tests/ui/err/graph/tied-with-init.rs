// A shared weight is drawn once.
remat::model! {
    Net {
        input x: u32[8];
        target y: u32[8];
        embed: Embedding(4, 8);
        head: Linear(4, weight = embed, init = zeros);
        loss: CrossEntropy <- (head, y);
    }
}

fn main() {}

//~ 7:48 `head` shares its weight, which is drawn where it is declared -- remove `init`
