//! What is told of a run.

use super::{Ended, Every, Memory};
use crate::error::Error;
use crate::model::Trainable;
use crate::optim::Optimizer;
use crate::state::{Folder, Progress, Resumed};

/// Whether a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It does.
    Continue,
    /// It ends after this step.
    Stop,
}

/// What a run is about to begin with.
#[derive(Clone, Copy, Debug)]
pub struct Begin<'a> {
    /// Where it begins: at the state that it will go on from, if there is one.
    pub progress: &'a Progress,
    /// The folder whose last state it goes on from, if there is one there.
    pub resumes: Option<&'a Folder>,
    /// How often the model is evaluated, if it is.
    pub evaluates: Option<Every>,
}

/// Where a run is.
#[allow(missing_debug_implementations, reason = "a model and an optimizer, for one call")]
pub struct At<'a, M: Trainable> {
    /// The model, after the step.
    pub model: &'a M,
    /// The optimizer, after the step.
    pub optimizer: &'a dyn Optimizer<M>,
    /// What a state file says of the run.
    pub progress: &'a Progress,
    /// The steps that there will be, as far as that is known.
    pub steps: u64,
    /// Whether the step was the last of its epoch.
    pub epoch_ended: bool,
    /// What the run holds.
    pub memory: Memory,
    /// What the run went on from.
    pub resumed: Option<&'a Resumed>,
}

/// A step that was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The mean loss over its samples.
    pub loss: f64,
    /// The norm of its gradient, before it was clipped.
    pub grad_norm: f64,
    /// The learning rate.
    pub lr: f64,
    /// Its samples.
    pub samples: usize,
    /// Whether it was left out as its loss or gradient is not finite: see
    /// [`skip_not_finite`](super::Trainer::skip_not_finite).
    pub skipped: bool,
    /// What the model was evaluated to behind it, if it was.
    pub evaluation: Option<Evaluation>,
}

/// An evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// The mean loss over the samples held out.
    pub loss: f64,
    /// Whether it is finite and lower than any before.
    pub improved: bool,
}

/// Does something on the way: saves, writes, draws, or ends the run.
///
/// ```
/// use remat::data::Arrays;
/// use remat::ndarray::Array2;
/// use remat::prelude::*;
/// use remat::train::{At, Callback, Flow, Step};
///
/// model! {
///     Net { input x: f32[2]; target y: f32[2]; fc: Linear(2); loss: Mse <- (fc, y); }
/// }
///
/// /// Ends the run once the loss is low enough.
/// struct LowEnough(f64);
///
/// impl Callback<Net> for LowEnough {
///     fn step(&mut self, _at: &At<'_, Net>, step: &Step) -> Result<Flow, Error> {
///         Ok(if step.loss < self.0 { Flow::Stop } else { Flow::Continue })
///     }
/// }
///
/// fn main() -> Result<(), Error> {
///     let mut net = Net::new(&Cpu::new()?, 42)?;
///     let mut opt = Sgd::new(&net, SgdConfig { lr: 0.5, ..Default::default() })?;
///     let data = Arrays::new((Array2::eye(2), Array2::ones((2, 2))))?;
///     let finished = Trainer::steps(1000).callback(LowEnough(0.01)).run(&mut net, &mut opt, &data)?;
///     assert!(finished.progress.step < 1000 && finished.progress.loss < Some(0.01));
///     Ok(())
/// }
/// ```
pub trait Callback<M: Trainable> {
    /// Whether the run may begin, before anything changes: neither is a state loaded yet, nor has a callback been told of a
    /// start. It may be asked again, of another state, if the one that was to be loaded fails.
    ///
    /// # Errors
    /// There is no run then, and no other method is called.
    fn check(&mut self, begin: &Begin<'_>) -> Result<(), Error> {
        let _ = begin;
        Ok(())
    }

    /// Before the first step. Callbacks behind one that fails are not told.
    ///
    /// # Errors
    /// End the run, as those of all methods.
    fn start(&mut self, at: &At<'_, M>) -> Result<(), Error> {
        let _ = at;
        Ok(())
    }

    /// After each step, and its evaluation if that is due: of a step whose evaluation fails, none is told.
    ///
    /// # Errors
    /// End the run, once all callbacks are told of this step.
    fn step(&mut self, at: &At<'_, M>, step: &Step) -> Result<Flow, Error> {
        let _ = (at, step);
        Ok(Flow::Continue)
    }

    /// After each step behind which the model was evaluated, before any is told of the step.
    ///
    /// # Errors
    /// End the run, once all callbacks are told of this evaluation and of its step.
    fn evaluated(&mut self, at: &At<'_, M>, evaluation: &Evaluation) -> Result<Flow, Error> {
        let _ = (at, evaluation);
        Ok(Flow::Continue)
    }

    /// When the run has ended, by an error too, but for one in [`start`](Self::start). The model and the optimizer are as
    /// the last step that was taken has left them. All callbacks are told, also behind one that fails.
    ///
    /// # Errors
    /// What it could not do. Of all errors the first is what [`run`](super::Trainer::run) gives.
    fn end(&mut self, at: &At<'_, M>, ended: Ended) -> Result<(), Error> {
        let _ = (at, ended);
        Ok(())
    }
}
