//! The loop.

use super::step::{Ending, Part, count};
use super::{At, Begin, Ended, Evaluation, Every, Finished, Flow, Memory, Step, Trainer, Until};
use crate::data::{Dataset, Loader, Source, unless_too_far};
use crate::device::{Device, Real, Report};
use crate::error::Error;
use crate::model::{Accumulator, Trainable, Workspace, first_not_finite, of_batch, of_samples};
use crate::optim::{Kernel, NO_LIMIT, Optimizer, not_negative};
use crate::state::{Cursor, Folder, Progress, Resumed};

/// See [`Trainer::run`].
pub(super) fn run<M: Trainable<Device: Kernel>, O: Optimizer<M>>(
    mut trainer: Trainer<'_, M>,
    model: &mut M,
    optimizer: &mut O,
    dataset: &dyn Dataset<Batch = M::Batch>,
) -> Result<Finished, Error> {
    trainer.check()?;
    let mut loader = Loader::new(dataset, trainer.batch)?;
    if let Some(seed) = trainer.shuffle {
        loader = loader.shuffle(seed);
    }
    if trainer.drop_last {
        loader = loader.drop_last()?;
    }
    if let Some((held_out, _)) = &trainer.held_out {
        Loader::new(held_out, trainer.batch)?;
    }
    let workspace = model.workspace(trainer.batch)?;
    let sum = if trainer.accumulate > 1 { Some(Accumulator::new(model)?) } else { None };
    let memory = Memory {
        workspace: workspace.bytes(),
        host: workspace.host_bytes(),
        accumulated: sum.as_ref().map_or(0, Accumulator::bytes),
        parameters: M::PLAN.parameter_bytes,
        optimizer: optimizer.bytes(),
        device: model.core().device.bytes(),
    };
    if let Some(interrupt) = trainer.interrupt {
        (interrupt.watch)()?;
    }
    let begin = Progress { data: loader.cursor(), ..Progress::default() };
    let folder = trainer.folder.take();
    let resumed = match &folder {
        Some(folder) => folder.resume_if(model, optimizer, |path, progress| {
            let position = progress.data.position;
            let none = |_| Error::StateData { path: path.to_owned(), position, samples: dataset.len() };
            loader.seek(progress.data).map_err(none)?;
            trainer.may_begin(progress, Some(folder))
        })?,
        None => None,
    };
    let progress = match &resumed {
        Some(resumed) => resumed.progress.clone(),
        None => {
            trainer.may_begin(&begin, folder.as_ref())?;
            begin
        }
    };
    let steps_of_epoch = loader.batches().div_ceil(trainer.accumulate) as u64;
    let steps = match trainer.until {
        Until::Steps(steps) => steps,
        Until::Epochs(epochs) => epochs.saturating_mul(steps_of_epoch),
    };
    let prefetch = trainer.prefetch;
    let mut run = Run {
        trainer,
        model,
        optimizer,
        workspace,
        sum,
        memory,
        resumed,
        progress,
        steps,
        skipped: 0,
        epoch_ended: false,
    };
    let ended = if prefetch > 0 {
        loader.prefetched(prefetch, |batches| run.all(batches))
    } else {
        run.all(&mut loader)
    }?;
    Ok(Finished { progress: run.progress, ended, skipped: run.skipped, resumed: run.resumed })
}

impl<M: Trainable> Trainer<'_, M> {
    /// That all numbers are in range.
    fn check(&self) -> Result<(), Error> {
        Error::unless_at_least_1("batch", self.batch as u64)?;
        Error::unless_at_least_1("accumulate", self.accumulate as u64)?;
        unless_too_far("prefetch", self.prefetch)?;
        let (Until::Steps(count) | Until::Epochs(count)) = self.until;
        Error::unless_at_least_1("steps or epochs", count)?;
        if let Some((_, every)) = &self.held_out {
            every.check()?;
        }
        if let Some(patience) = self.patience {
            Error::unless_at_least_1("patience", patience)?;
            if self.held_out.is_none() {
                let (expected, found) = ("given with `evaluate`, whose loss it watches", "without it");
                return Err(Error::argument("early_stopping", expected, found));
            }
        }
        self.clip_norm.map_or(Ok(()), |norm| not_negative("clip_norm", norm))
    }

    /// That no callback is against it.
    fn may_begin(&mut self, progress: &Progress, resumes: Option<&Folder>) -> Result<(), Error> {
        let begin = Begin { progress, resumes, evaluates: self.held_out.as_ref().map(|(_, every)| *every) };
        self.callbacks.iter_mut().try_for_each(|callback| callback.check(&begin))
    }
}

impl Every {
    /// That it is ever.
    pub(super) fn check(self) -> Result<(), Error> {
        let (Self::Steps(count) | Self::Epochs(count)) = self;
        Error::unless_at_least_1("every", count)
    }
}

/// A run under way.
struct Run<'r, 'a, M: Trainable, O> {
    trainer: Trainer<'a, M>,
    model: &'r mut M,
    optimizer: &'r mut O,
    workspace: Workspace<M>,
    /// Of the gradients of a step's batches, if it may have several.
    sum: Option<Accumulator<M>>,
    memory: Memory,
    resumed: Option<Resumed>,
    progress: Progress,
    /// The steps that there will be.
    steps: u64,
    skipped: u64,
    /// Whether the last step was the last of its epoch.
    epoch_ended: bool,
}

/// A step, once all of it has run.
struct Taken {
    /// The mean over its samples.
    loss: f64,
    samples: usize,
    /// That of the gradient, before it was clipped.
    norm: f64,
    /// What its last batch has come to, and the step with it.
    report: Report,
    /// Where the data is behind it.
    cursor: Cursor,
}

impl<M: Trainable<Device: Kernel>, O: Optimizer<M>> Run<'_, '_, M, O> {
    /// All steps that are left.
    fn all(&mut self, batches: &mut impl Source<M::Batch>) -> Result<Ended, Error> {
        let mut failed = false;
        self.tell(|callback, at| {
            let started = if failed { Ok(()) } else { callback.start(at) };
            failed |= started.is_err();
            started.map(|()| Flow::Continue)
        })?;
        let result = self.left(batches);
        let ended = *result.as_ref().unwrap_or(&Ended::Failed);
        let told = self.tell(|callback, at| callback.end(at, ended).map(|()| Flow::Continue));
        // What went wrong first is what is said.
        result.and_then(|ended| told.map(|_| ended))
    }

    fn left(&mut self, batches: &mut impl Source<M::Batch>) -> Result<Ended, Error> {
        loop {
            if let Some(ended) = self.is_over() {
                return Ok(ended);
            }
            let mut step = self.step(batches)?;
            step.evaluation = self.evaluate()?;
            // Before a state is saved which says that this was the best, or it may be the only one that does.
            let evaluated = match step.evaluation {
                Some(evaluation) => self.tell(|callback, at| callback.evaluated(at, &evaluation)),
                None => Ok(Flow::Continue),
            };
            // Also if one of them failed: the state that is saved in the end has this step, so that a log must.
            let told = self.tell(|callback, at| callback.step(at, &step));
            if [evaluated?, told?].contains(&Flow::Stop) {
                return Ok(Ended::Stopped);
            }
        }
    }

    fn is_over(&self) -> Option<Ended> {
        let Self { trainer, progress, .. } = self;
        let done = match trainer.until {
            Until::Steps(steps) => progress.step >= steps,
            Until::Epochs(epochs) => progress.epoch >= epochs,
        };
        let stop = trainer.stop.is_some_and(|stop| stop.load(std::sync::atomic::Ordering::SeqCst));
        if done {
            Some(Ended::Done)
        } else if trainer.patience.is_some_and(|patience| progress.evaluations_since_best >= patience) {
            Some(Ended::EarlyStopped)
        } else if stop || trainer.interrupt.is_some_and(|interrupt| (interrupt.came)()) {
            Some(Ended::Interrupted)
        } else {
            None
        }
    }

    /// Tells all callbacks, whatever the others say. If some fail, the first error is what is said.
    fn tell(
        &mut self,
        mut what: impl FnMut(&mut dyn super::Callback<M>, &At<'_, M>) -> Result<Flow, Error>,
    ) -> Result<Flow, Error> {
        let at = At {
            model: &*self.model,
            optimizer: &*self.optimizer,
            progress: &self.progress,
            steps: self.steps,
            epoch_ended: self.epoch_ended,
            memory: self.memory,
            resumed: self.resumed.as_ref(),
        };
        let mut all = Ok(Flow::Continue);
        for callback in &mut self.trainer.callbacks {
            let said = what(&mut **callback, &at);
            if all == Ok(Flow::Continue) || (all.is_ok() && said.is_err()) {
                all = said;
            }
        }
        all
    }

    /// One step. If it fails, model and optimizer are as before.
    fn step(&mut self, batches: &mut impl Source<M::Batch>) -> Result<Step, Error> {
        let (counted, before) = (self.model.core().steps, self.optimizer.lr());
        if let Some(schedule) = &self.trainer.schedule {
            self.optimizer.set_lr(schedule.lr(self.progress.schedule_step))?;
        }
        let taken = match self.batches(batches) {
            Ok(taken) => taken,
            Err(error) => {
                self.model.core_mut().steps = counted;
                self.optimizer.set_lr(before)?;
                return Err(error);
            }
        };
        count(self.optimizer, &taken.report);
        let skipped = !taken.report.is_finite();
        let Progress { epoch, step, loss, schedule_step, data, .. } = &mut self.progress;
        self.epoch_ended = taken.cursor.epoch > data.epoch;
        (*step, *schedule_step) = (*step + 1, *schedule_step + 1);
        (*epoch, *data) = (taken.cursor.epoch, taken.cursor);
        if skipped {
            self.skipped += 1;
        } else {
            *loss = Some(taken.loss);
        }
        let (lr, Taken { loss, samples, norm, .. }) = (self.optimizer.lr(), taken);
        Ok(Step { loss, grad_norm: norm, lr, samples, skipped, evaluation: None })
    }

    /// All batches of a step, the last of which changes the parameters. If something is not finite, none is changed; that is
    /// an error, or what is left of the batches is left out.
    fn batches(&mut self, batches: &mut impl Source<M::Batch>) -> Result<Taken, Error> {
        let epoch = batches.cursor().epoch;
        let (mut total, mut samples, mut number) = (0.0, 0, 0);
        loop {
            let batch = batches.next_batch()?;
            let cursor = batches.cursor();
            number += 1;
            samples += M::samples(&batch);
            let last = number == self.trainer.accumulate || cursor.epoch > epoch;
            let report = self.batch(&batch, number == 1, last.then_some(samples))?;
            total += report.loss * M::samples(&batch) as f64;
            let loss = total / samples as f64;
            let batch_is_finite = report.loss.is_finite() && report.norm.is_finite();
            if !batch_is_finite {
                self.refuse(loss, |run| first_not_finite(run.model, &mut run.workspace, &batch))?;
            } else if !report.is_finite() {
                let first = String::from("the sum of the gradients of its batches, each of which is");
                self.refuse(loss, |_| Ok(Some(first)))?;
            }
            if last || !batch_is_finite {
                let of_sum = self.sum.is_some() && batch_is_finite;
                let norm = if of_sum { report.norm_of_sum } else { report.norm };
                return Ok(Taken { loss, samples, norm, report, cursor });
            }
        }
    }

    /// Forward and backward of a batch, whose gradient is added to those of the others of its step; the last one is told
    /// how many samples they have together, and changes the parameters.
    fn batch(&mut self, batch: &M::Batch, first: bool, last: Option<usize>) -> Result<Report, Error> {
        let whole = self.trainer.batch;
        let counts = of_batch(M::samples(batch), whole);
        let last = last.map(|samples| of_samples(samples, whole));
        let part = self.sum.as_mut().map(|sum| Part { sum, first, counts, last });
        let limit = self.trainer.clip_norm.unwrap_or(NO_LIMIT);
        let mut ending = Ending { optimizer: &mut *self.optimizer, limit, part };
        self.model.train_batch_then(&mut self.workspace, batch, &mut ending)
    }

    /// An error that says what is not finite first in the step under way, unless such steps are left out.
    fn refuse(
        &mut self,
        loss: f64,
        first: impl FnOnce(&mut Self) -> Result<Option<String>, Error>,
    ) -> Result<(), Error> {
        if self.trainer.skip_not_finite {
            return Ok(());
        }
        let first = first(self)?.unwrap_or_else(|| String::from("the norm of its gradient"));
        Err(Error::NotFinite { step: self.progress.step + 1, loss, first })
    }

    /// Evaluates the model, if it is time to.
    fn evaluate(&mut self) -> Result<Option<Evaluation>, Error> {
        let Some((held_out, every)) = &self.trainer.held_out else { return Ok(None) };
        if !every.is_now(&self.progress, self.epoch_ended) {
            return Ok(None);
        }
        let loss = mean_loss(&*self.model, &mut self.workspace, held_out)?;
        let progress = &mut self.progress;
        let improved = loss.is_finite() && progress.best_loss.is_none_or(|best| loss < best);
        if improved {
            progress.best_loss = Some(loss);
            progress.evaluations_since_best = 0;
        } else {
            progress.evaluations_since_best += 1;
        }
        Ok(Some(Evaluation { loss, improved }))
    }
}

/// The mean of the loss over all samples, in evaluation mode, in batches that fill the workspace. What a batch's loss is the
/// mean of counts as its samples do, ignored ones too.
///
/// # Errors
/// [`Error::Data`] for no samples; those of the dataset and of the model's `evaluate`.
pub fn mean_loss<M: Trainable>(
    model: &M,
    ws: &mut Workspace<M>,
    dataset: impl Dataset<Batch = M::Batch>,
) -> Result<f64, Error> {
    let mut loader = Loader::new(dataset, ws.capacity())?;
    let (mut total, mut samples) = (0.0, 0);
    for _ in 0..loader.batches() {
        let batch = loader.next_batch()?;
        let count = M::samples(&batch);
        total += model.evaluate_batch(ws, &batch)?.to_f64() * count as f64;
        samples += count;
    }
    Ok(total / samples as f64)
}
