// Two ways to say where segments end do not go together.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(every = 2, at = [1])]
        body: repeat(4) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 6:22 `every` and `at` both say where segments end -- remove one
//~ 6:33 `every` and `at` both say where segments end -- remove one
