//! A folder of states: the last few, and the best.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Progress, inspect, load, save};
use crate::error::Error;
use crate::model::Model;
use crate::optim::Optimizer;

/// States of one training run, each in a file of its own: `step-00000120.remat` after step 120, and `best.remat`.
///
/// ```
/// use remat::prelude::*;
/// use remat::state::{Folder, Progress};
///
/// model! {
///     Net { input x: f32[4]; target y: f32[4]; fc: Linear(4); loss: Mse <- (fc, y); }
/// }
///
/// fn main() -> Result<(), Error> {
///     let mut net = Net::new(&Cpu::new()?, 42)?;
///     let mut opt = AdamW::new(&net, AdamWConfig::default())?;
///     # let path = std::env::temp_dir().join(format!("remat-folder-{}", std::process::id()));
///     let folder = Folder::new(&path)?.keep_last(2)?;
///     // Where an earlier run of the program has left off, if there was one.
///     let mut progress = Progress::default();
///     if let Some(resumed) = folder.resume(&mut net, &mut opt)? {
///         println!("from {}", resumed.path.display());
///         progress = resumed.progress;
///     }
///     for step in progress.step + 1..=5 {
///         progress.step = step;       // and a training step
///         folder.save(&net, &opt, &progress)?;
///     }
///     let kept: Vec<u64> = folder.states()?.into_iter().map(|(step, _)| step).collect();
///     assert_eq!(kept, [4, 5]);
///     # std::fs::remove_dir_all(&path).unwrap();
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
    keep_last: Option<usize>,
}

/// What a run goes on from.
#[derive(Clone, Debug, PartialEq)]
pub struct Resumed {
    /// The state that was loaded.
    pub path: PathBuf,
    /// What it says of the run.
    pub progress: Progress,
    /// Later states that could not be read, and why, the last first.
    pub skipped: Vec<(PathBuf, Error)>,
}

/// The last state of a folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Latest {
    /// The last that is whole, if any is.
    pub path: Option<PathBuf>,
    /// Later states that could not be read, and why, the last first.
    pub skipped: Vec<(PathBuf, Error)>,
}

/// The state of the lowest validation loss.
const BEST: &str = "best.remat";
const FRONT: &str = "step-";
const BACK: &str = ".remat";

impl Folder {
    /// The folder at `path`, which is made if it is not there. It keeps all states.
    ///
    /// # Errors
    /// [`Error::File`] if it can't be made.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        fs::create_dir_all(&path).map_err(|error| Error::file(&path, "write", &error))?;
        Ok(Self { path, keep_last: None })
    }

    /// Keeps the last `count` states, and the best: [`save`](Self::save) removes older ones.
    ///
    /// # Errors
    /// [`Error::Argument`] for 0.
    pub fn keep_last(self, count: usize) -> Result<Self, Error> {
        if count == 0 {
            let (expected, found) = ("at least 1 state", count.to_string());
            return Err(Error::Argument { name: String::from("keep_last"), expected, found });
        }
        Ok(Self { keep_last: Some(count), ..self })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Saves the state of `progress.step`, then removes those that are not to be kept any more. Gives its path.
    ///
    /// # Errors
    /// As [`save`]; [`Error::File`] if an old state can't be removed, with the new one saved.
    pub fn save<M: Model>(
        &self,
        model: &M,
        optimizer: &(impl Optimizer<M> + ?Sized),
        progress: &Progress,
    ) -> Result<PathBuf, Error> {
        let path = self.path.join(format!("{FRONT}{:08}{BACK}", progress.step));
        save(&path, model, optimizer, progress)?;
        if let Some(keep) = self.keep_last {
            let older = self.states()?.into_iter().filter(|(_, old)| *old != path);
            let older: Vec<PathBuf> = older.map(|(_, old)| old).collect();
            for old in &older[..(older.len() + 1).saturating_sub(keep)] {
                fs::remove_file(old).map_err(|error| Error::file(old, "remove", &error))?;
            }
        }
        Ok(path)
    }

    /// Saves the best state, in a file that no later one but a better replaces. Gives its path.
    ///
    /// # Errors
    /// As [`save`].
    pub fn save_best<M: Model>(
        &self,
        model: &M,
        optimizer: &(impl Optimizer<M> + ?Sized),
        progress: &Progress,
    ) -> Result<PathBuf, Error> {
        let path = self.best();
        save(&path, model, optimizer, progress).map(|()| path)
    }

    /// Where the best state is, if one was saved.
    pub fn best(&self) -> PathBuf {
        self.path.join(BEST)
    }

    /// The steps of the states that are there, and their paths, the last at the end. They may be damaged.
    ///
    /// # Errors
    /// [`Error::File`] if the folder can't be read.
    pub fn states(&self) -> Result<Vec<(u64, PathBuf)>, Error> {
        let failed = |error| Error::file(&self.path, "read", &error);
        let mut states = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let step =
                path.file_name().and_then(|name| name.to_str()?.strip_prefix(FRONT)?.strip_suffix(BACK));
            let step = step.filter(|step| step.bytes().all(|digit| digit.is_ascii_digit()));
            states.extend(step.and_then(|step| step.parse().ok()).map(|step| (step, path)));
        }
        states.sort_unstable();
        Ok(states)
    }

    /// The last state that is whole, and the later ones that are not.
    ///
    /// # Errors
    /// [`Error::File`] if the folder can't be read.
    pub fn latest(&self) -> Result<Latest, Error> {
        let mut skipped = Vec::new();
        for (_, path) in self.states()?.into_iter().rev() {
            match inspect(&path) {
                Ok(_) => return Ok(Latest { path: Some(path), skipped }),
                Err(error) => skipped.push((path, error)),
            }
        }
        Ok(Latest { path: None, skipped })
    }

    /// Loads the last state that is whole; nothing if there is no state at all.
    ///
    /// # Errors
    /// Of one that is whole, those of [`load`]; if none is, that of the last. They change nothing.
    pub fn resume<M: Model>(
        &self,
        model: &mut M,
        optimizer: &mut impl Optimizer<M>,
    ) -> Result<Option<Resumed>, Error> {
        let mut skipped = Vec::new();
        for (_, path) in self.states()?.into_iter().rev() {
            match load(&path, model, optimizer) {
                Ok(progress) => return Ok(Some(Resumed { path, progress, skipped })),
                // Another may be whole.
                Err(error @ (Error::Damaged { .. } | Error::NotState { .. } | Error::File { .. })) => {
                    skipped.push((path, error));
                }
                Err(error) => return Err(error),
            }
        }
        skipped.into_iter().next().map_or(Ok(None), |(_, error)| Err(error))
    }
}
