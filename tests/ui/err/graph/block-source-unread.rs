// A block reads what it declares to read; the line that gives it is right.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Mix() <- (a, b) { fc: Linear(8) <- a; }
        p: Linear(8);
        q: Linear(8) <- x;
        one: Mix <- (p, q);
        two: Mix <- (x, x);
        sum: Add <- (one, two);
        loss: Mse <- (sum, y);
    }
}

fn main() {}

//~ 6:28 block `Mix` does not read its source `b` -- remove it, or read it: `<- b`
//~ 9:14 in this use of block `Mix`: block `Mix` does not read its source `b` -- remove it, or read it: `<- b`
//~ 10:14 in this use of block `Mix`: block `Mix` does not read its source `b` -- remove it, or read it: `<- b`
