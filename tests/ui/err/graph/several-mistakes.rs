// Each mistake is told, in one compile, and what follows from one is not.
remat::model! {
    Net {
        const H = 8;
        input x: f32[H];
        target y: f32[H];
        fc: Linaer(H);
        act: Relu <- fc;
        body: {}
        side: Linear(H, bais = false) <- x;
        wide: Linear(HH) <- x;
        late: Linear(H) <- soon;
        soon: Relu <- x;
        output y;
        loss: Mse <- (late, yy);
    }
}

fn main() {}

//~ 7:13 there is no layer `Linaer` -- did you mean `Linear`?
//~ 9:9 `body` is empty -- put a layer into it
//~ 10:25 `Linear` has no argument `bais` -- did you mean `bias`?
//~ 11:22 `out_features` of `wide` must be a positive integer but is `HH`, which is no number -- did you mean `H`?
//~ 12:28 `soon` is declared further down -- a layer reads only what stands above it
//~ 14:16 `y` is a target, which no layer computes -- name a layer
//~ 15:29 there is no `yy` here -- did you mean `y`?
