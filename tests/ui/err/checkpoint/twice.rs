// A mark stands once.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint]
        #[checkpoint]
        fc: Linear(8);
        #[recompute]
        #[recompute]
        act: Relu;
        #[frozen]
        #[frozen]
        out: Linear(8);
        loss: Mse <- (out, y);
    }
}

fn main() {}

//~ 7:11 `checkpoint` stands here twice -- remove one
//~ 10:11 `recompute` stands here twice -- remove one
//~ 13:11 `frozen` stands here twice -- remove one
