// An argument that means nothing beside the others is no argument.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        norm: LayerNorm(elementwise_affine = false, init = ones);
        fc: Linear(8, bias = false, bias_init = zeros) <- x;
        sum: Add <- (norm, fc);
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 6:53 `init` of `norm` means nothing beside its other arguments -- remove it
//~ 7:37 `bias_init` of `fc` means nothing beside its other arguments -- remove it
