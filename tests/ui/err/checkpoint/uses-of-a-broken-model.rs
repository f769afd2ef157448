// Also where only the plan is wrong.
use remat::ndarray::Array2;
use remat::prelude::*;

remat::model! {
    #[checkpoint(every = 9)]
    pub Net {
        input x: f32[8];
        target y: f32[8];
        a: Linear(8);
        b: Linear(8);
        loss: Mse <- (b, y);
    }
}

fn main() -> Result<(), Error> {
    let mut net = Net::new(&Cpu::new()?, 42)?;
    let mut ws = net.workspace(8)?;
    let x = Array2::<f32>::zeros((8, 8));
    net.forward_backward(&mut ws, x.view(), x.view())?;
    assert!(Net::PLAN.peak_bytes(8) > 0);
    Ok(())
}

//~ 6:26 `every = 9` is more than the 2 stages of the model -- write at most 2
