// What keeps from dividing by 0 is not 0.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        norm: LayerNorm(eps = 0);
        loss: Mse <- (norm, y);
    }
}

fn main() {}

//~ 6:31 `eps` of `norm` must be above 0 but is 0 -- write a small positive number
