// A layer has no inside.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8) { Relu; }
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:13 `Linear` is no scope -- a layer ends with `;`, and a group is `name: { … }`
