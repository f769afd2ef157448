// What is computed in chunks is neither kept nor made again.
remat::model! {
    Net {
        input x: f32[12, 8];
        target y: u32[12];
        body: Linear(8);
        #[recompute]
        head: Linear(10);
        loss: CrossEntropy(chunks = 4) <- (head, y);
    }
}

fn main() {}

//~ 7:11 `loss` does the work of `head` itself, so `recompute` means nothing here -- remove it
