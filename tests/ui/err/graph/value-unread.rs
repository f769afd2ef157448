// A value that nobody reads is a slip: here, of the name behind `<-`.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Relu;
        c: Linear(8) <- a;
        loss: Mse <- (c, y);
    }
}

fn main() {}

//~ 7:9 nobody reads `b` -- remove it, or read it: `<- b`
