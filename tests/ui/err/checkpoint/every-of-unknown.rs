// It may be a constant.
remat::model! {
    Net {
        const K = 2;
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(every = KK)]
        body: repeat(4) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 7:30 there is no number `KK` -- did you mean `K`?
