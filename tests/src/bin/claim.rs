//! Trains the net that its argument names, and prints the bits of its last loss.
//!
//! If the workspace can't be had it says so and leaves with 3: see `tests/claim.rs`.

use std::process::ExitCode;

use remat::ndarray::Axis;
use remat::prelude::*;
use remat_tests::claim::{BATCH, Checkpointed, STEPS, StoreAll};
use remat_tests::trace::{ids, numbers};

macro_rules! train {
    ($model:ident) => {{
        let cpu = Cpu::with_threads(1)?;
        let mut net = $model::new(&cpu, 1)?;
        let mut ws = match net.workspace(BATCH) {
            Err(error @ Error::OutOfMemory { .. }) => {
                println!("{error}");
                return Ok(ExitCode::from(3));
            }
            other => other?,
        };
        let mut opt = Sgd::new(&net, SgdConfig { lr: 0.05, ..Default::default() })?;
        let (x, y) = (numbers(BATCH, $model::WIDTH, 1), ids(BATCH, 1, 10, 2));
        let mut last = 0.0f32;
        for _ in 0..STEPS {
            last = net.forward_backward(&mut ws, x.view(), y.index_axis(Axis(1), 0))?;
            opt.step(&mut net, ws.grads())?;
        }
        println!("loss {last} {:#010x}", last.to_bits());
        Ok(ExitCode::SUCCESS)
    }};
}

fn main() -> Result<ExitCode, Error> {
    match std::env::args().nth(1).as_deref() {
        Some("store-all") => train!(StoreAll),
        Some("checkpointed") => train!(Checkpointed),
        _ => {
            eprintln!("usage: claim store-all | checkpointed");
            Ok(ExitCode::from(2))
        }
    }
}
