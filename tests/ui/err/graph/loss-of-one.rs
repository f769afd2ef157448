// A loss that reads too little is one mistake: what it should read is not told to be removed.
remat::model! {
    Net {
        input x: f32[8];
        target y: u32;
        head: Linear(10);
        loss: CrossEntropy;
    }
}

fn main() {}

//~ 7:15 `loss` reads 2 values but is given 1 -- write `CrossEntropy <- (a, b)`
