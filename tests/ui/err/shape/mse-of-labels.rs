// A target of numbers is declared as that, of the shape it is compared with.
remat::model! {
    Net {
        input x: f32[8];
        target y: u32;
        head: Linear(10);
        loss: Mse <- (head, y);
    }
}

fn main() {}

//~ 7:29 `loss` reads f32 values but `y` holds u32 ids -- declare it as `f32[10]`
//~ 5:16 `y` holds u32 ids
