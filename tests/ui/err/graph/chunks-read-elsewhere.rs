// What another layer reads must be there as a whole.
remat::model! {
    Net {
        input x: f32[12, 8];
        target y: u32[12];
        head: Linear(10);
        first: CrossEntropy(chunks = 4) <- (head, y);
        again: Linear(10) <- head;
        second: CrossEntropy <- (again, y);
        loss: Sum <- (first, second);
    }
}

fn main() {}

//~ 7:38 `first` with `chunks` never has all of `head` in training, but `again` reads it too -- remove `chunks`
//~ 8:30 `head` is needed as a whole here
