// An output of training is there as a whole.
remat::model! {
    Net {
        input x: f32[12, 8];
        target y: u32[12];
        head: Linear(10);
        loss: CrossEntropy(chunks = 4) <- (head, y);
        #[train]
        output head;
    }
}

fn main() {}

//~ 7:37 `loss` with `chunks` never has all of `head` in training, but it is an output of training -- remove `chunks`
//~ 9:16 `head` is needed as a whole here
