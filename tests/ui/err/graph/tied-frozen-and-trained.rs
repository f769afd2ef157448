// One parameter is trained or it is not.
remat::model! {
    Net {
        input x: u32[8];
        target y: u32[8];
        #[frozen]
        embed: Embedding(4, 8);
        up: Linear(8);
        head: Linear(4, weight = embed);
        loss: CrossEntropy <- (head, y);
    }
}

fn main() {}

//~ 9:34 `embed.weight` is trained here but frozen where it is declared -- freeze both or neither
//~ 7:16 `embed.weight` is frozen here
