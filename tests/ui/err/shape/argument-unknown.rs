// Or all that there are.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        norm: LayerNorm(momentum = 0.1);
        act: Relu(inplace = true) <- fc;
        all: Concat <- (norm, act);
        loss: Mse <- (all, y);
    }
}

fn main() {}

//~ 7:25 `LayerNorm` has no argument `momentum` -- it takes `normalized_shape`, `eps`, `elementwise_affine`, `bias`, `weight`, `init`, `bias_init`
//~ 8:19 `Relu` has no argument `inplace`: where each value stands is decided while compiling -- remove it
