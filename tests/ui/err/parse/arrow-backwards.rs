// Values come in from the right.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8) -> act;
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:23 expected `<-` -- a layer names what it reads behind `<-`
