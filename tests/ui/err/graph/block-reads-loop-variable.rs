// Also not the loop variable around its use.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mlp() { fc: Linear(2 * i); }
        body: repeat(i in 4..5) { mlp: Mlp; }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:38 there is no number `i` -- declare it in the model: `const i = 64;`
//~ 7:40 in this use of block `Mlp`: there is no number `i` -- declare it in the model: `const i = 64;`
//~ 7:15 in iteration 0, where `i` is 4: there is no number `i` -- declare it in the model: `const i = 64;`
