// Also what is computed from them.
remat::model! {
    Net {
        const BIG = 4611686018427387904;
        const H = BIG + BIG;
        const K = BIG * 2;
        const P = 1e300 * 1e300;
        input x: f32[8];
        target y: f32[8];
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 5:23 this number overflows 64 bits -- write a smaller one
//~ 6:23 this number overflows 64 bits -- write a smaller one
//~ 7:25 this number overflows an f64 -- write a smaller one
