// Several outputs are fields of a struct.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        self: Linear(8);
        head: Linear(8);
        output self;
        output head;
        loss: Mse <- (head, y);
    }
}

fn main() {}

//~ 8:16 several outputs become a struct, and Rust has no field `self` -- rename the layer
