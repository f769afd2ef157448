// Each mistake is told, in one compile, and what follows from one is not.
remat::model! {
    Net {
        const A = 7 / 2;
        const B = A + 1;
        input x: f32[0, B];
        target y: f32[8];
        body: repeat(-1) { fc: Linear(B); }
        p: Parameter(2 - 2);
        q: Dropout(1 / 0) <- x;
        all: Concat <- (body, p, q);
        loss: Mse <- (all, y);
    }
}

fn main() {}

//~ 4:21 `7 / 2` is not an integer: the remainder is 1 -- choose numbers that divide, or write `7.0 / 2` for a float
//~ 6:22 axis 0 of `x` must be a positive integer but is 0 -- write 1 or more
//~ 8:22 the number of iterations must be a positive integer but is -1 -- write 1 or more
//~ 9:22 axis 0 of `p` must be a positive integer but is 0 -- write 1 or more
//~ 10:22 `1 / 0` has no value -- divide by a number other than 0
