//! The few numbers that pass between the host and programs, in one place of the GPU: what random layers draw from, and what
//! a training step reports.

use std::sync::{Arc, MutexGuard, PoisonError};

use cudarc::driver::CudaContext;

use super::graphs::Within;
use super::{Gpu, Memory};
use crate::device::Report;
use crate::error::Error;
use crate::rng;

/// Bytes of a seed and a step.
const DRAWS: usize = 16;
/// Numbers of a report: `optim::Report` of `optim/kernel.cu`.
const REPORT: usize = 4;
/// Bytes of both.
pub(super) const BYTES: usize = DRAWS + REPORT * size_of::<f64>();

/// What the random layers of a program draw from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    seed: u64,
    step: u64,
    /// Where both stand, and behind them the report.
    pub(super) at: u64,
}

/// The place, which one program has at once.
#[derive(Debug)]
pub(super) struct Exchange {
    memory: Memory,
    /// Memory of the host for notes of what follows on a program, which is nothing now.
    pub(super) note: Vec<u8>,
}

impl Exchange {
    pub(super) fn new(context: &Arc<CudaContext>) -> Result<Self, Error> {
        let memory = Memory::new(context, BYTES).map_err(|error| error.wanted_for("a seed and a report"))?;
        Ok(Self { memory, note: vec![] })
    }

    /// For what is given to the stream from now on.
    pub(super) fn give(&mut self, gpu: &Gpu, seed: u64, step: u64) -> Result<Drawn, Error> {
        let words = [seed, step].into_iter().flat_map(|number| [number as u32, (number >> 32) as u32]);
        let at = self.memory.start();
        // SAFETY: so many bytes are there.
        unsafe { gpu.upload(at, DRAWS / size_of::<u32>(), words) }?;
        Ok(Drawn { seed, step, at })
    }

    /// What was reported, once all that was given to the stream has run.
    pub(super) fn report(&mut self, gpu: &Gpu) -> Result<Report, Error> {
        let mut numbers = [0.0; REPORT];
        // SAFETY: as many are there.
        unsafe { gpu.download(&mut numbers, self.memory.start() + DRAWS as u64) }?;
        let [loss, norm, norm_of_sum, factor] = numbers;
        Ok(Report { loss, norm, norm_of_sum, factors: [factor, 1.0, 1.0] })
    }
}

/// Where a report is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reported {
    /// All of it.
    pub(crate) start: u64,
    /// Its last number: what gradients are multiplied by, which is none if a step changes nothing.
    pub(crate) factor: u64,
}

impl Gpu {
    pub(super) fn exchange(&self) -> MutexGuard<'_, Exchange> {
        self.common.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the program under way reports.
    pub(crate) fn reported(&self) -> Result<Reported, Error> {
        match self.within {
            Within::Nothing => Err(Error::internal("a report beside every program")),
            Within::Note(Drawn { at, .. })
            | Within::Program(Drawn { at, .. })
            | Within::Capture(Drawn { at, .. }) => {
                let start = at + DRAWS as u64;
                Ok(Reported { start, factor: start + ((REPORT - 1) * size_of::<f64>()) as u64 })
            }
        }
    }

    /// Calls `launch` with the address where seed and step of a key stand, for kernels that it launches.
    pub(crate) fn drawn(
        &self,
        key: &rng::Key,
        launch: impl FnOnce(u64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self.within {
            Within::Nothing => {
                let mut exchange = self.exchange();
                launch(exchange.give(self, key.seed, key.step)?.at)
            }
            Within::Program(Drawn { seed, step, at }) | Within::Capture(Drawn { seed, step, at })
                if (seed, step) == (key.seed, key.step) =>
            {
                launch(at)
            }
            within => Err(Error::internal(format!("{key:?} within {within:?}"))),
        }
    }
}
