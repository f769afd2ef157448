// A constant is seen below it, by everything.
remat::model! {
    Net {
        input x: f32[N];
        block B() { fc: Linear(N); }
        up: Linear(2 * N);
        b: B;
        act: Linear(N);
        const N = 8;
        target y: f32[N];
        block C(N) { fc: Linear(N); }
        c: C(N);
        loss: Mse <- (c, y);
    }
}

fn main() {}

//~ 4:22 `N` is declared further down -- move `const N` above this
//~ 5:32 `N` is declared further down -- move `const N` above this
//~ 7:12 in this use of block `B`: `N` is declared further down -- move `const N` above this
//~ 6:24 `N` is declared further down -- move `const N` above this
//~ 8:21 `N` is declared further down -- move `const N` above this
//~ 9:15 `N` is declared here, below a line that reads it
//~ 11:17 the number `N` of block `C` hides the constant `N` -- rename it
