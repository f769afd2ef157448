// A residual adds to the one value it reads.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: residual <- (x, x) { fc: Linear(8) <- x; }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:15 a residual reads 1 value but is given 2 -- name one: `<- name`
