// Inside a scope that is applied again, it is told at both.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[16];
        body: { fc: Linear(16); Relu; }
        more: body;
        loss: Mse <- (more, y);
    }
}

fn main() {}

//~ 6:21 `fc` needs a `weight` of [16, 16] but shares `body.fc.weight`, which is [16, 8] -- make the shapes equal
//~ 7:15 where `body` is applied again: `fc` needs a `weight` of [16, 16] but shares `body.fc.weight`, which is [16, 8] -- make the shapes equal
//~ 6:21 `body.fc.weight` is [16, 8]
