// Constants become constants of the struct, which has some of its own.
remat::model! {
    Net {
        const PLAN = 8;
        input x: f32[8];
        target y: f32[8];
        fc: Linear(PLAN);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 4:15 every model has a `PLAN` of its own -- rename this constant
