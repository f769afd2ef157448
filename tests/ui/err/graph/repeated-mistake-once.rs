// A mistake of every iteration is told once.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat(4) {
            fc: Linear(8, bais = false);
            Gelu;
        }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 7:27 `Linear` has no argument `bais` -- did you mean `bias`?
