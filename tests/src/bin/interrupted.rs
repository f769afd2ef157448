//! A run that goes on until Ctrl-C is pressed: see `tests/trainer.rs`.

use std::io::Write;
use std::process::ExitCode;

use remat::data::Arrays;
use remat::ndarray::Array2;
use remat::prelude::*;
use remat::state::Folder;
use remat::train::{At, Callback, Flow, Saver, Step};

model! {
    Net { input x: f32[8]; target y: f32[8]; fc: Linear(8); loss: Mse <- (fc, y); }
}

/// Says that a step is done.
struct Says;

impl Callback<Net> for Says {
    fn step(&mut self, at: &At<'_, Net>, _step: &Step) -> Result<Flow, Error> {
        let mut out = std::io::stdout();
        let written = writeln!(out, "{}", at.progress.step).and_then(|()| out.flush());
        written.map(|()| Flow::Continue).map_err(|error| Error::Data {
            place: String::from("the output"),
            expected: String::from("one that is read"),
            found: error.to_string(),
        })
    }
}

fn main() -> Result<ExitCode, Error> {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: interrupted FOLDER");
        return Ok(ExitCode::from(2));
    };
    let mut net = Net::new(&Cpu::with_threads(1)?, 42)?;
    let mut opt = Sgd::new(&net, SgdConfig { lr: 1e-3, ..Default::default() })?;
    let data = Arrays::new((Array2::eye(8), Array2::ones((8, 8))))?;
    let trainer = Trainer::steps(u64::MAX).batch(8).callback(Says).callback(Saver::new(Folder::new(folder)?));
    let finished = trainer.stop_on_ctrl_c().run(&mut net, &mut opt, &data)?;
    println!("{:?}", finished.ended);
    Ok(ExitCode::SUCCESS)
}
