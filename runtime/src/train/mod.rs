//! A training loop: [`Trainer`], and what it can be given to do on the way.
//!
//! ```
//! use remat::data::Arrays;
//! use remat::ndarray::{Array1, Array2};
//! use remat::prelude::*;
//! use remat::state::Folder;
//! use remat::train::{BestSaver, Every, Saver};
//!
//! model! {
//!     Net {
//!         input  x: f32[4];
//!         target label: u32;
//!         fc: Linear(16);
//!         Relu;
//!         head: Linear(3);
//!         loss: CrossEntropy <- (head, label);
//!     }
//! }
//!
//! fn main() -> Result<(), Error> {
//!     let samples = |count: usize, from: usize| {
//!         let x = Array2::from_shape_fn((count, 4), |(i, j)| ((from + i) as f32 * (j + 1) as f32).sin());
//!         let label = Array1::from_shape_fn(count, |i| u32::from(x[[i, 0]] > 0.0) + u32::from(x[[i, 1]] > 0.0));
//!         Arrays::new((x, label))
//!     };
//!     let (train, held_out) = (samples(200, 0)?, samples(50, 200)?);
//!     # let path = std::env::temp_dir().join(format!("remat-trainer-{}", std::process::id()));
//!     let folder = Folder::new(&path)?.keep_last(2)?;
//!
//!     let mut net = Net::new(&Cpu::new()?, 42)?;
//!     let mut opt = AdamW::new(&net, AdamWConfig { lr: 0.01, ..Default::default() })?;
//!     let finished = Trainer::epochs(20)
//!         .batch(16)
//!         .shuffle(7)
//!         .clip_norm(1.0)
//!         .evaluate(&held_out, Every::Epochs(1))
//!         .early_stopping(5)
//!         .callback(BestSaver::new(folder.clone()))
//!         .callback(Saver::new(folder.clone()).every(Every::Epochs(5)))
//!         .resume(&folder)                        // goes on from the last state, if there is one
//!         .run(&mut net, &mut opt, &train)?;
//!     assert!(finished.progress.best_loss.is_some_and(|loss| loss < 0.5));
//!     # std::fs::remove_dir_all(&path).unwrap();
//!     Ok(())
//! }
//! ```
//!
//! # What a step is
//!
//! One batch, or with [`accumulate`](Trainer::accumulate) several whose gradients are added up; its gradient is the mean
//! over all its samples, whatever the batches' sizes. The gradient is clipped, the learning rate set, the parameters
//! change; then, if it is time to, the model is evaluated; then the callbacks are told, all of them with the same
//! [`Progress`]. A step belongs to one epoch: at its end a step may have fewer batches.
//!
//! All that a batch has done is given to the device at once, what clips and changes parameters with it: the host waits
//! once, for loss and norm. [`step`] is that for loops written by hand.
//!
//! # What is seen of a run
//!
//! [`ProgressBar`] shows it on a terminal, or in lines; [`CsvLog`] and [`TensorBoard`] write down every step, and
//! [`LossCurve`] draws the losses in the end. Each goes on where the run does: their files are as if it had never stopped.
//!
//! # Stopping and going on
//!
//! A run that goes on from a state ends with the bits of one that never stopped, in the middle of an epoch too: batches
//! come in the same order, schedule and early stopping go on where they were. It may have another checkpoint plan and
//! number of threads.
//!
//! # Losses that are not finite
//!
//! A loss or gradient that is not finite changes no parameter. The run ends with [`Error::NotFinite`], which takes the
//! batch again to say where it begins, with model and optimizer as they were before the step; or the step is left out
//! and counted, if [`skip_not_finite`](Trainer::skip_not_finite) says so.

mod callback;
mod csv;
mod curve;
#[cfg(feature = "terminal")]
mod interrupt;
mod memory;
#[cfg(feature = "terminal")]
mod progress;
mod run;
mod saver;
mod step;
mod tensorboard;
mod words;

use std::fmt;
use std::sync::atomic::AtomicBool;

use crate::data::Dataset;
use crate::error::Error;
use crate::model::Trainable;
use crate::optim::{Kernel, Optimizer, Schedule};
use crate::state::{Folder, Progress, Resumed};

pub use crate::device::Report;
pub use callback::{At, Begin, Callback, Evaluation, Flow, Step};
pub use csv::CsvLog;
pub use curve::LossCurve;
pub use memory::Memory;
#[cfg(feature = "terminal")]
pub use progress::ProgressBar;
pub use run::mean_loss;
pub use saver::{BestSaver, Saver};
pub use step::step;
pub use tensorboard::TensorBoard;

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// After so many steps.
    Steps(u64),
    /// At the end of so many epochs.
    Epochs(u64),
}

impl Every {
    /// Whether it is time to, after a step.
    pub(crate) fn is_now(self, progress: &Progress, epoch_ended: bool) -> bool {
        match self {
            Self::Steps(steps) => progress.step.is_multiple_of(steps),
            Self::Epochs(epochs) => epoch_ended && progress.epoch.is_multiple_of(epochs),
        }
    }
}

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    Steps(u64),
    Epochs(u64),
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All its steps or epochs are done.
    Done,
    /// The validation loss has not improved for as long as [`Trainer::early_stopping`] says.
    EarlyStopped,
    /// It was interrupted: see [`Trainer::stop_on_ctrl_c`] and [`Trainer::stop_when`].
    Interrupted,
    /// A callback said so.
    Stopped,
    /// By an error, which [`Trainer::run`] gives.
    Failed,
}

/// Samples to evaluate on.
type HeldOut<'a, M> = Box<dyn Dataset<Batch = <M as Trainable>::Batch> + 'a>;

/// How a run hears of what interrupts it.
#[derive(Clone, Copy)]
struct Interrupt {
    /// Begins to watch.
    watch: fn() -> Result<(), Error>,
    /// Whether it has come since.
    came: fn() -> bool,
}

/// What a run has done.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// How far it came.
    pub progress: Progress,
    /// Why it ended.
    pub ended: Ended,
    /// Steps that were left out as their loss or gradient was not finite.
    pub skipped: u64,
    /// What it went on from.
    pub resumed: Option<Resumed>,
}

/// Trains a model: see the [module](self).
///
/// It is made by [`steps`](Self::steps) or [`epochs`](Self::epochs), told what to do, and [`run`](Self::run).
pub struct Trainer<'a, M: Trainable> {
    until: Until,
    batch: usize,
    accumulate: usize,
    shuffle: Option<u64>,
    drop_last: bool,
    prefetch: usize,
    schedule: Option<Schedule>,
    clip_norm: Option<f64>,
    held_out: Option<(HeldOut<'a, M>, Every)>,
    patience: Option<u64>,
    skip_not_finite: bool,
    interrupt: Option<Interrupt>,
    stop: Option<&'a AtomicBool>,
    folder: Option<Folder>,
    callbacks: Vec<Box<dyn Callback<M> + 'a>>,
}

/// What it was told, but for data and callbacks.
impl<M: Trainable> fmt::Debug for Trainer<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("model", &M::NAME)
            .field("until", &self.until)
            .field("batch", &self.batch)
            .field("accumulate", &self.accumulate)
            .field("schedule", &self.schedule)
            .finish_non_exhaustive()
    }
}

impl<'a, M: Trainable<Device: Kernel>> Trainer<'a, M> {
    /// A run of so many steps, those before a resume among them.
    pub fn steps(steps: u64) -> Self {
        Self::until(Until::Steps(steps))
    }

    /// A run of so many passes over the data, those before a resume among them.
    pub fn epochs(epochs: u64) -> Self {
        Self::until(Until::Epochs(epochs))
    }

    fn until(until: Until) -> Self {
        Self {
            until,
            batch: 32,
            accumulate: 1,
            shuffle: None,
            drop_last: false,
            prefetch: 0,
            schedule: None,
            clip_norm: None,
            held_out: None,
            patience: None,
            skip_not_finite: false,
            interrupt: None,
            stop: None,
            folder: None,
            callbacks: vec![],
        }
    }

    /// Samples of a batch: what the workspace is made for. 32 if it is not said.
    #[must_use]
    pub fn batch(self, samples: usize) -> Self {
        Self { batch: samples, ..self }
    }

    /// Takes each step on so many batches, one after another, whose gradients are added up in a buffer of their own. 1 if
    /// it is not said.
    #[must_use]
    pub fn accumulate(self, batches: usize) -> Self {
        Self { accumulate: batches, ..self }
    }

    /// Each epoch in an order of its own, drawn from this seed. Without it, samples come in order.
    #[must_use]
    pub fn shuffle(self, seed: u64) -> Self {
        Self { shuffle: Some(seed), ..self }
    }

    /// Leaves out what is left of an epoch after its whole batches.
    #[must_use]
    pub fn drop_last(self) -> Self {
        Self { drop_last: true, ..self }
    }

    /// Makes so many batches ahead, at most 1024, on another thread. It is worth while where samples are read, decoded or changed; the
    /// batches are the same.
    #[must_use]
    pub fn prefetch(self, batches: usize) -> Self {
        Self { prefetch: batches, ..self }
    }

    /// The learning rate of each step. Without it, it stays as the optimizer has it.
    #[must_use]
    pub fn schedule(self, schedule: Schedule) -> Self {
        Self { schedule: Some(schedule), ..self }
    }

    /// Clips the gradient of each step to this norm: see [`clip_norm`](crate::model::GradsMut::clip_norm).
    #[must_use]
    pub fn clip_norm(self, max_norm: f64) -> Self {
        Self { clip_norm: Some(max_norm), ..self }
    }

    /// Evaluates the model on these samples, every so often: the mean of the loss over them, in evaluation mode.
    #[must_use]
    pub fn evaluate(self, held_out: impl Dataset<Batch = M::Batch> + 'a, every: Every) -> Self {
        Self { held_out: Some((Box::new(held_out), every)), ..self }
    }

    /// Stops once so many evaluations in a row have not improved on the best.
    #[must_use]
    pub fn early_stopping(self, patience: u64) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// Leaves out steps whose loss or gradient is not finite, instead of ending the run.
    #[must_use]
    pub fn skip_not_finite(self) -> Self {
        Self { skip_not_finite: true, ..self }
    }

    /// Ends the run after the step that is under way when Ctrl-C is pressed, or the process is asked to end; the callbacks
    /// are told, so that a [`Saver`] saves. A second Ctrl-C ends the process at once. It stays so for the process.
    ///
    /// With feature `terminal`, which is on by default.
    #[cfg(feature = "terminal")]
    #[must_use]
    pub fn stop_on_ctrl_c(self) -> Self {
        Self { interrupt: Some(interrupt::CTRL_C), ..self }
    }

    /// Ends the run after the step that is under way when this becomes true.
    #[must_use]
    pub fn stop_when(self, stop: &'a AtomicBool) -> Self {
        Self { stop: Some(stop), ..self }
    }

    /// Goes on from the last state in this folder that is whole, if there is any; else the run begins.
    ///
    /// The dataset must be that of the run. A state says which sample comes next, and not how many there are: another dataset
    /// in which there is such a sample is not noticed.
    #[must_use]
    pub fn resume(self, folder: &Folder) -> Self {
        Self { folder: Some(folder.clone()), ..self }
    }

    /// Tells this of every step. Callbacks are told in the order in which they were given.
    #[must_use]
    pub fn callback(mut self, callback: impl Callback<M> + 'a) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// Trains `model` with `optimizer` on samples of `dataset`.
    ///
    /// # Errors
    /// Those that change nothing: [`Error::Argument`] or [`Error::BatchSize`] for a number that can't be, [`Error::Data`]
    /// for no samples, [`Error::OutOfMemory`]; those of [`Folder::resume`], [`Error::StateData`] for a state of a larger
    /// dataset, and what a callback says in [`check`](Callback::check). Those after which model and optimizer are as the step
    /// before left them: [`Error::NotFinite`], and what the dataset or the model's methods say of a batch; as the step itself
    /// left them, if the batch is of those held out. Those of a callback, after its step, or after the resume in
    /// [`start`](Callback::start).
    pub fn run<O: Optimizer<M>>(
        self,
        model: &mut M,
        optimizer: &mut O,
        dataset: impl Dataset<Batch = M::Batch>,
    ) -> Result<Finished, Error> {
        run::run(self, model, optimizer, &dataset)
    }
}
