// A path goes on behind its `.`.
remat::model! {
    Net {
        input x: u32[8];
        target y: u32[8];
        embed: Embedding(4, 8);
        head: Linear(4, weight = embed.);
        loss: CrossEntropy <- (head, y);
    }
}

fn main() {}

//~ 7:40 expected a name -- a path is names with `.` between them
