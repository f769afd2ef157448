// Ids have no sign, PyTorch's -100 is none.
remat::model! {
    Net {
        input x: f32[8];
        target y: u32;
        head: Linear(10);
        loss: CrossEntropy(ignore_index = -100) <- (head, y);
    }
}

fn main() {}

//~ 7:43 `ignore_index` of `loss` must be an integer from 0 to 4294967295 but is -100 -- write an integer from 0 to 4294967295
