// A weight is shared with a layer, whose parameter needs no name.
remat::model! {
    Net {
        input x: u32[8];
        target y: u32[8];
        e: Embedding(4, 8);
        g: { fc: Linear(8); }
        a: Linear(8, weight = g.fc.weight);
        head: Linear(4, weight = e.weight);
        loss: CrossEntropy <- (head, y);
    }
}

fn main() {}

//~ 8:31 there is no parameter `g.fc.weight.weight` to share -- name the layer, not its parameter: `weight = g.fc`
//~ 9:34 there is no parameter `e.weight.weight` to share -- name the layer, not its parameter: `weight = e`
