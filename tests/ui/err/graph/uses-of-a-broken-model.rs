// The struct and its signatures are there beside errors, so that other code reports nothing.
use remat::ndarray::{Array1, Array2};
use remat::prelude::*;

remat::model! {
    /// A model with a mistake in a layer, in the sizes of an input and in an output.
    pub Net {
        const CLASSES = 10;
        const HIDDEN = 7 / 2;
        input tokens: u32[HIDDEN];
        input scale: f32;
        target next: u32[8];
        embed: Embedding(CLASSES, 4) <- tokens;
        head: Linaer(CLASSES);
        output head;
        output hidden;
        loss: CrossEntropy <- (head, next);
    }
}

fn train<M: Model>(model: &M) -> &M {
    model
}

fn main() -> Result<(), Error> {
    let cpu = Cpu::new()?;
    let mut net: Net = Net::new(&cpu, 42)?;
    let mut ws: Workspace<Net> = net.workspace(8)?;
    let (tokens, next) = (Array2::<u32>::zeros((8, 8)), Array2::<u32>::zeros((8, 8)));
    let scale = Array1::<f32>::zeros(8);
    let loss: f32 = net.forward_backward(&mut ws, tokens.view(), scale.view(), next.view())?;
    let same: f32 = net.evaluate(&mut ws, tokens.view(), scale.view(), next.view())?;
    let outputs = net.forward(&mut ws, tokens.view(), scale.view())?;
    let _ = (outputs.head, outputs.hidden);
    net.inference_workspace(1)?;
    net.params_mut();
    println!("{loss} {same} {:?} {}", train(&net), Net::PLAN);
    let width: usize = Net::CLASSES + Net::HIDDEN;
    const _: () = assert!(Net::PLAN.peak_bytes(32) <= 64 << 20);
    println!("{width}");
    Ok(())
}

//~ 9:26 `7 / 2` is not an integer: the remainder is 1 -- choose numbers that divide, or write `7.0 / 2` for a float
//~ 14:15 there is no layer `Linaer` -- did you mean `Linear`?
//~ 16:16 there is no `hidden` here -- name an input or a layer above
