//! Training state in files: what a training run needs to go on as if it had never stopped.
//!
//! A state holds the model's parameters, its seed and its count of training steps (so that `Dropout` goes on drawing
//! what it would have drawn), the optimizer's moments, steps and learning rate, and a [`Progress`]. Loaded into a
//! model and an optimizer that were made as those that were saved, training goes on with the same bits, under any
//! checkpoint plan and on any number of threads.
//!
//! ```
//! use remat::ndarray::{Array2, array};
//! use remat::prelude::*;
//! use remat::state::{self, Progress};
//!
//! model! {
//!     Net {
//!         input  x: f32[4];
//!         target label: u32;
//!         fc: Linear(8);
//!         Dropout(0.1);
//!         head: Linear(3);
//!         loss: CrossEntropy <- (head, label);
//!     }
//! }
//!
//! fn main() -> Result<(), Error> {
//!     let cpu = Cpu::new()?;
//!     let (x, label) = (Array2::from_shape_fn((3, 4), |(i, j)| (i * j) as f32), array![0, 1, 2]);
//!     let step = |net: &mut Net, opt: &mut AdamW<Net>| -> Result<f32, Error> {
//!         let mut ws = net.workspace(3)?;
//!         let loss = net.forward_backward(&mut ws, x.view(), label.view())?;
//!         opt.step(net, ws.grads())?;
//!         Ok(loss)
//!     };
//!     let mut net = Net::new(&cpu, 42)?;
//!     let mut opt = AdamW::new(&net, AdamWConfig::default())?;
//!     let loss = step(&mut net, &mut opt)?;
//!
//!     let path = std::env::temp_dir().join("remat-example.state");
//!     let progress = Progress { step: 1, loss: Some(loss.into()), ..Progress::default() };
//!     state::save(&path, &net, &opt, &progress)?;
//!
//!     // Another run: the seed does not matter, as the state brings its own.
//!     let mut resumed = Net::new(&cpu, 0)?;
//!     let mut resumed_opt = AdamW::new(&resumed, AdamWConfig::default())?;
//!     assert_eq!(state::load(&path, &mut resumed, &mut resumed_opt)?, progress);
//!     for _ in 0..3 {
//!         assert_eq!(step(&mut net, &mut opt)?.to_bits(), step(&mut resumed, &mut resumed_opt)?.to_bits());
//!     }
//!     println!("{}", state::inspect(&path)?);
//!     # std::fs::remove_file(&path).unwrap();
//!     Ok(())
//! }
//! ```
//!
//! # What a file promises
//!
//! - **It is whole or not there.** It is written beside the old one, synced, and renamed over it, so that whatever ends
//!   the process, the path holds the old state or the new one. Several that write to one path at once do not disturb each
//!   other: the last to end is there. What a killed process leaves beside it is removed by the next save. As in a write
//!   in place, links are written through, permissions stay, and what is write-protected or no file is not replaced.
//! - **It is checked before anything changes.** Each part has a checksum. A file that is cut off, changed, of another
//!   model, type or optimizer is an error that says which, and leaves model and optimizer as they were.
//! - **It needs no memory**: saving streams from the model's own buffers, loading into them, a mebibyte or two at a time.
//!   What is no state, whoever made it up, takes no more than its size and 16 MiB to read, and 3 MiB for those buffers.
//! - Versions stay readable: what this library has written, later versions read.
//!
//! An optimizer's moments, steps and learning rate are saved; its other numbers (betas, decay, groups) are those that it
//! is made with. A state says nothing of the checkpoint plan, so it may be loaded under another.
//!
#![doc = include_str!("format.md")]

pub(crate) mod atomic;
#[cfg(test)]
mod crafted;
mod flow;
mod folder;
mod format;
mod inspect;
#[cfg(any(test, kani))]
mod proofs;
mod read;
pub mod safetensors;
#[cfg(test)]
mod tests;
mod write;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::model::Model;
use crate::optim::Optimizer;

pub use folder::{Folder, Latest, Resumed};
pub use inspect::{Inspection, Tensor};

/// How far a training run is: what is neither in the model nor in its optimizer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Passes over the data that have ended.
    pub epoch: u64,
    /// Steps of the optimizer, over all epochs.
    pub step: u64,
    /// The last loss.
    pub loss: Option<f64>,
    /// The lowest validation loss.
    pub best_loss: Option<f64>,
    /// Evaluations since then.
    pub evaluations_since_best: u64,
    /// Where the schedule of the learning rate is.
    pub schedule_step: u64,
    /// Which batch comes next.
    pub data: Cursor,
}

/// A count from which nobody counts on without an overflow: no run comes so far, so what says so is refused.
const TOO_FAR: u64 = 1 << 63;

impl Progress {
    /// What is counted that no run comes to, and its count.
    fn too_far(&self) -> Option<(&'static str, u64)> {
        let Self { epoch, step, evaluations_since_best, schedule_step, data, .. } = self;
        let counts = [
            ("epochs", *epoch),
            ("steps", *step),
            ("evaluations since the best", *evaluations_since_best),
            ("steps of the schedule", *schedule_step),
            ("passes over the data", data.epoch),
            ("samples of a pass", data.position),
        ];
        counts.into_iter().find(|(_, count)| *count >= TOO_FAR)
    }
}

/// A place in the order of some data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// What the order is drawn from.
    pub seed: u64,
    /// Passes over the data that have ended: each has an order of its own.
    pub epoch: u64,
    /// Samples of this pass that have come.
    pub position: u64,
}

/// Writes a training state, whole or not at all.
///
/// # Errors
/// [`Error::File`] if it can't be written, which leaves the file that was there; [`Error::Argument`] for a count of the
/// progress that is 2^63 or more, which no run comes to; the device's own.
pub fn save<M: Model>(
    path: impl AsRef<Path>,
    model: &M,
    optimizer: &(impl Optimizer<M> + ?Sized),
    progress: &Progress,
) -> Result<(), Error> {
    if let Some((what, count)) = progress.too_far() {
        return Err(Error::argument("progress", "of counts below 2^63", format!("one of {count} {what}")));
    }
    write::write(path.as_ref(), model, Some(optimizer.moments()), progress)
}

/// Writes a state of a model alone, whole or not at all.
///
/// # Errors
/// As [`save`].
pub fn save_model<M: Model>(path: impl AsRef<Path>, model: &M) -> Result<(), Error> {
    write::write(path.as_ref(), model, None, &Progress::default())
}

/// Reads a training state into a model and its optimizer, which were made as those that were saved.
///
/// # Errors
/// Those that change nothing: [`Error::File`] if it can't be read; [`Error::NotState`], [`Error::StateVersion`],
/// [`Error::StateByteOrder`], [`Error::Damaged`] for what is no state; [`Error::StateModel`],
/// [`Error::StateDtype`], [`Error::StateLayout`], [`Error::StateOptimizer`] for another's. If the file changes between
/// the check and the copy, or the device fails in the copy, the parameters hold a part of it.
pub fn load<M: Model>(
    path: impl AsRef<Path>,
    model: &mut M,
    optimizer: &mut impl Optimizer<M>,
) -> Result<Progress, Error> {
    load_if(path.as_ref(), model, optimizer, |_| Ok(()))?
}

/// As [`load`], if what the state says of the run may be: `check` is asked once the state is known to be whole, and before
/// anything changes. What it says is the error inside, so that it is not taken for one of the file's.
fn load_if<M: Model>(
    path: &Path,
    model: &mut M,
    optimizer: &mut impl Optimizer<M>,
    check: impl FnOnce(&Progress) -> Result<(), Error>,
) -> Result<Result<Progress, Error>, Error> {
    let mut reader = read::Reader::open(path)?;
    reader.check_model::<M>()?;
    reader.check_optimizer::<M>(&optimizer.moments())?;
    reader.check_tensors()?;
    if let Err(error) = check(&reader.header.progress) {
        return Ok(Err(error));
    }
    reader.copy_params(model)?;
    reader.copy_moments(model, optimizer)?;
    Ok(Ok(reader.header.progress))
}

/// Reads the parameters of a state, with or without an optimizer's, into a model; its seed and its count of training
/// steps too.
///
/// # Errors
/// As [`load`], but for [`Error::StateOptimizer`].
pub fn load_model<M: Model>(path: impl AsRef<Path>, model: &mut M) -> Result<Progress, Error> {
    let mut reader = read::Reader::open(path.as_ref())?;
    reader.check_model::<M>()?;
    reader.check_tensors()?;
    reader.copy_params(model)?;
    Ok(reader.header.progress)
}

/// What a state file holds, of any model, with every checksum checked.
///
/// # Errors
/// [`Error::File`], [`Error::NotState`], [`Error::StateVersion`], [`Error::StateByteOrder`], [`Error::Damaged`].
pub fn inspect(path: impl AsRef<Path>) -> Result<Inspection, Error> {
    let mut reader = read::Reader::open(path.as_ref())?;
    reader.check_tensors()?;
    Ok(reader.into())
}
