// An output is a layer.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        head: Linear(8);
        output haed;
        loss: Mse <- (head, y);
    }
}

fn main() {}

//~ 7:16 there is no `haed` here -- did you mean `head`?
