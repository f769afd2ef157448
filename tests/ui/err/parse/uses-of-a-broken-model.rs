// Also where an input did not parse: its argument may be anything.
use remat::ndarray::Array2;
use remat::prelude::*;

remat::model! {
    pub Net {
        const HIDDEN = 16usize;
        input x: float32[8];
        target y: f32[;];
        head: Linear(HIDDEN);
        loss: Mse <- (head, y);
    }
}

fn main() -> Result<(), Error> {
    let cpu = Cpu::new()?;
    let mut net = Net::new(&cpu, 42)?;
    let mut ws = net.workspace(8)?;
    let (x, y) = (Array2::<f32>::zeros((8, 8)), Array2::<f32>::zeros((8, 16)));
    let loss = net.forward_backward(&mut ws, x.view(), y.view())?;
    let output = net.forward(&mut ws, x.view())?.to_array();
    println!("{loss} {output:?} {}", Net::HIDDEN);
    Ok(())
}

//~ 7:24 numbers here have no type -- leave out `usize`
//~ 8:18 inputs and targets have no type `float32` -- write `f32`, or `u32` for ids and labels
//~ 9:23 expected a number or the name of a constant -- write an expression
