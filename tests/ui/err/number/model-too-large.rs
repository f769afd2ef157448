// Even what can be counted can be too much.
remat::model! {
    Net {
        input x: f32[1000000];
        target y: f32[8];
        up: Linear(100000);
        down: Linear(8);
        loss: Mse <- (down, y);
    }
}

fn main() {}

//~ 6:13 a step takes more than 256 GiB even for one sample, of which `up.weight` alone takes 372 -- choose smaller sizes
