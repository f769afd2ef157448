// Blocks and earlier layers are suggested too.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mixer(n) { fc: Linear(n); }
        mix: Mixxer(8);
        shared: Mixer(8) <- x;
        again: sharred;
        loss: Mse <- (again, y);
    }
}

fn main() {}

//~ 7:14 there is no layer `Mixxer` -- did you mean `Mixer`?
//~ 9:16 there is no layer `sharred` -- did you mean `shared`?
