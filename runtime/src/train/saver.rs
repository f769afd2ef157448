//! Callbacks that save states.

use super::{At, Callback, Ended, Evaluation, Every, Flow, Step};
use crate::error::Error;
use crate::model::Trainable;
use crate::state::Folder;

/// Saves the state into a folder when the run ends, however it does, and every so often before.
#[derive(Clone, Debug)]
pub struct Saver {
    folder: Folder,
    every: Option<Every>,
    /// The step that was saved last.
    saved: Option<u64>,
}

impl Saver {
    /// At the end alone.
    pub fn new(folder: Folder) -> Self {
        Self { folder, every: None, saved: None }
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
    fn start(&mut self, _at: &At<'_, M>) -> Result<(), Error> {
        self.every.map_or(Ok(()), Every::check)
    }

    fn step(&mut self, at: &At<'_, M>, _step: &Step) -> Result<Flow, Error> {
        if self.every.is_some_and(|every| every.is_now(at.progress, at.epoch_ended)) {
            self.save(at)?;
        }
        Ok(Flow::Continue)
    }

    fn end(&mut self, at: &At<'_, M>, _ended: Ended) -> Result<(), Error> {
        self.save(at)
    }
}

/// Saves the state into a folder's [best file](Folder::best) whenever the validation loss is lower than any before.
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
    fn evaluated(&mut self, at: &At<'_, M>, evaluation: &Evaluation) -> Result<Flow, Error> {
        if evaluation.improved {
            self.folder.save_best(at.model, at.optimizer, at.progress)?;
        }
        Ok(Flow::Continue)
    }
}
