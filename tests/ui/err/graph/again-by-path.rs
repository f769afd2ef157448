// Nor by its path, which names parameters.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        g: { mid: Linear(8); act: Relu; }
        again: g.mid;
        fc: nn.Linear(8) <- x;
        act: F.mse_loss <- x;
        odd: Linear.mid(8) <- x;
        bad: x.mid <- x;
        up: Linear(8) <- x;
        one: up.weight;
        all: Concat <- (again, fc, act, odd, bad, one);
        loss: Mse <- (all, y);
    }
}

fn main() {}

//~ 7:18 `mid` stands inside `g`, which shows only its last value -- apply `g`, or move this line into it
//~ 8:13 layers have no path here -- write `Linear`
//~ 9:14 layers have no path here, and none is `mse_loss` -- write `Mse`
//~ 10:21 `Linear` has no `mid` -- leave it out
//~ 11:14 `x` is a value, not a layer that can be applied -- to read it, write `Layer(…) <- x`
//~ 13:17 `up` is a layer, with no `weight` inside -- apply `up`
