// A scope that is applied again is one too.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: { fc: Linear(8); Relu; }
        #[recompute]
        more: body;
        out: Linear(8);
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 7:11 `recompute` drops the value of one layer, but `more` is a scope -- write `#[checkpoint]` to recompute its inside
