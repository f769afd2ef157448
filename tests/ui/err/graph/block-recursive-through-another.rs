// Also by way of another.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        block Even() { fc: Linear(8); odd: Odd; }
        block Odd() { fc: Linear(8); even: Even; }
        net: Even;
        loss: Mse <- (net, y);
    }
}

fn main() {}

//~ 7:44 block `Even` uses itself, without an end -- use `repeat`
//~ 6:44 in this use of block `Odd`: block `Even` uses itself, without an end -- use `repeat`
//~ 8:14 in this use of block `Even`: block `Even` uses itself, without an end -- use `repeat`
