// What an iteration gives is one value, so what the first receives is one.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        body: repeat(3) <- (x, x) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:15 a `repeat` reads 1 value but is given 2 -- name one: `<- name`
