// A weight that is a number is drawn so.
remat::model! {
    Net {
        const w = 4;
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8, weight = w);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 7:32 `weight` of `fc` must be the name of an earlier layer but `w` is the number 4 -- name a layer, or write `init = constant(w)`
