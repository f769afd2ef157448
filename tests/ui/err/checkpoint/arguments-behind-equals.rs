// Arguments stand in parentheses, as those of Rust's own attributes with several do.
remat::model! {
    #[checkpoint = 0.3]
    Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() {}

//~ 3:18 the arguments of `checkpoint` stand in parentheses -- write `checkpoint(every = 2)`, say
