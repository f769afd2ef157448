// An integer that is part of a path is written as it stands there.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: { 0x1: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:17 `0x1` is no part of a parameter's path -- write `1:`
