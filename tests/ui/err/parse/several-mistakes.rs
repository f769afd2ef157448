// Each mistake is told, in one compile, and what follows from one is not.
remat::model! {
    Net {
        const H = 8u32;
        input x: f16[8];
        target y: f32[;];
        fc = Linear(H);
        #[recompte]
        act: Relu <- fc;
        body: repeat() { a: Linear(H); }
        loss: Mse <- (body y);
    }
}

fn main() {}

//~ 4:19 numbers here have no type -- leave out `u32`
//~ 5:18 inputs and targets have no type `f16` -- write `f32`, or `u32` for ids and labels
//~ 6:23 expected a number or the name of a constant -- write an expression
//~ 7:9 expected `:` after the name `fc` -- write `fc: Layer(…);`
//~ 8:11 `recompte` is no attribute of a layer or scope -- did you mean `recompute`?
//~ 10:22 expected how often -- write `repeat(6)`, `repeat(i in 0..6)` or `repeat(d in [64, 128])`
//~ 11:28 expected `,` -- a comma stands between two of a list
