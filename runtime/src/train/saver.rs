//! Callbacks that save states.

use super::{At, Begin, Callback, Ended, Evaluation, Every, Flow, Step};
use crate::error::Error;
use crate::model::Trainable;
use crate::state::Folder;

/// Saves the state into a folder when the run ends, however it does, and every so often before.
///
/// The folder is of this run: one with a state of a later step is refused before anything changes, unless the run goes on
/// from there. A step whose evaluation fails is not saved, as a run that went on from it would lack that evaluation: what
/// was saved before is what there is to go on from, and goes on as if nothing had happened.
#[derive(Clone, Debug)]
pub struct Saver {
    folder: Folder,
    every: Option<Every>,
    /// The last step that is over, with its evaluation.
    over: Option<u64>,
    /// The step that was saved last.
    saved: Option<u64>,
}

impl Saver {
    /// At the end alone.
    pub fn new(folder: Folder) -> Self {
        Self { folder, every: None, over: None, saved: None }
    }

    /// On the way too.
    #[must_use]
    pub fn every(self, every: Every) -> Self {
        Self { every: Some(every), ..self }
    }

    fn save<M: Trainable>(&mut self, at: &At<'_, M>) -> Result<(), Error> {
        let step = at.progress.step;
        if self.saved != Some(step) {
            self.folder.save(at.model, at.optimizer, at.progress)?;
            self.saved = Some(step);
        }
        Ok(())
    }
}

impl<M: Trainable> Callback<M> for Saver {
    fn check(&mut self, begin: &Begin<'_>) -> Result<(), Error> {
        self.every.map_or(Ok(()), Every::check)?;
        may_save(&self.folder, begin)
    }

    fn start(&mut self, at: &At<'_, M>) -> Result<(), Error> {
        self.over = Some(at.progress.step);
        Ok(())
    }

    fn step(&mut self, at: &At<'_, M>, _step: &Step) -> Result<Flow, Error> {
        self.over = Some(at.progress.step);
        if self.every.is_some_and(|every| every.is_now(at.progress, at.epoch_ended)) {
            self.save(at)?;
        }
        Ok(Flow::Continue)
    }

    fn end(&mut self, at: &At<'_, M>, _ended: Ended) -> Result<(), Error> {
        // If it was told of no step, whoever calls it knows best.
        if self.over.is_some_and(|over| over != at.progress.step) { Ok(()) } else { self.save(at) }
    }
}

/// That a run may save into a folder.
fn may_save(folder: &Folder, begin: &Begin<'_>) -> Result<(), Error> {
    folder.check(begin.progress.step, begin.resumes.is_some_and(|resumes| resumes.is_at(folder)))
}

/// Saves the state into a folder's [best file](Folder::best) whenever the validation loss is lower than any before.
///
/// It needs a run that [evaluates](super::Trainer::evaluate), and a folder of this run, as for [`Saver`].
#[derive(Clone, Debug)]
pub struct BestSaver {
    folder: Folder,
}

impl BestSaver {
    /// Into this folder.
    pub fn new(folder: Folder) -> Self {
        Self { folder }
    }
}

impl<M: Trainable> Callback<M> for BestSaver {
    fn check(&mut self, begin: &Begin<'_>) -> Result<(), Error> {
        if begin.evaluates.is_none() {
            let (expected, found) = ("given with `evaluate`, whose loss it watches", "without it");
            return Err(Error::argument("BestSaver", expected, found));
        }
        may_save(&self.folder, begin)
    }

    fn evaluated(&mut self, at: &At<'_, M>, evaluation: &Evaluation) -> Result<Flow, Error> {
        if evaluation.improved {
            self.folder.save_best(at.model, at.optimizer, at.progress)?;
        }
        Ok(Flow::Continue)
    }
}
