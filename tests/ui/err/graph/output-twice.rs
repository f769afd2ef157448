// An output is named once.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        head: Linear(8);
        output head;
        output head;
        loss: Mse <- (head, y);
    }
}

fn main() {}

//~ 7:16 `head` is declared here first
//~ 8:16 the output `head` is declared twice -- rename one
