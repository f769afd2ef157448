// The path of a weight goes through every scope that has a name.
remat::model! {
    Net {
        input x: u32[8];
        target y: u32[8];
        g: { e: Embedding(4, 8); h: { fc: Linear(8); } }
        { hidden: Linear(8); }
        a: Linear(8, weight = fc);
        b: Linear(8, weight = g.h.fc.weight);
        c: Linear(8, weight = hidden);
        head: Linear(4, weight = e);
        loss: CrossEntropy <- (head, y);
    }
}

fn main() {}

//~ 8:31 there is no layer `fc` to share a weight with -- it stands inside `h`: write `weight = g.h.fc`
//~ 10:31 there is no layer `hidden` to share a weight with -- it stands inside this scope, which has no name to write before it: name the scope
//~ 11:34 there is no layer `e` to share a weight with -- it stands inside `g`: write `weight = g.e`
