// A scope is read by its own name.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        body: residual { up: Linear(16); down: Linear(8); }
        c: Linear(8) <- a;
        loss: Mse <- (c, y);
    }
}

fn main() {}

//~ 7:9 nobody reads `body` -- remove it, or read it: `<- body`
