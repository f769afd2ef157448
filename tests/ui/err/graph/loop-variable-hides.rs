// A loop variable has a name of its own.
remat::model! {
    Net {
        const N = 8;
        input x: f32[N];
        target y: f32[N];
        body: repeat(N in [8, 8]) { fc: Linear(N); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 7:22 the loop variable `N` hides the number `N` from outside -- rename it
