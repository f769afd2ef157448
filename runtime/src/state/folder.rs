//! A folder of states: the last few, and the best.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Progress, atomic, inspect, load_if, read, save};
use crate::error::Error;
use crate::model::Model;
use crate::optim::Optimizer;

/// States of one training run, each in a file of its own: `step-00000120.remat` after step 120, and `best.remat`.
///
/// The state that was saved last is the last of its folder, as a run goes on from that one. So a run that goes on from none
/// of these states is refused where it would save one before them: they are another run's. A later state that is damaged
/// is in nobody's way.
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

    /// Keeps the last `count` states, and the best: [`save`](Self::save) removes older ones, and later ones that are damaged,
    /// as a run that could not go on from them has left them. So those that count are whole, unless one was damaged before
    /// another was saved: no state is read again to be counted.
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

    /// Saves the state of `progress.step`, then removes those that are not to be kept any more, and before it what killed
    /// processes have left of others. Gives its path.
    ///
    /// # Errors
    /// As [`save`]; [`Error::StateBehind`] if a later state is whole; [`Error::File`] if a state can't be removed, with the
    /// new one saved.
    pub fn save<M: Model>(
        &self,
        model: &M,
        optimizer: &(impl Optimizer<M> + ?Sized),
        progress: &Progress,
    ) -> Result<PathBuf, Error> {
        let damaged = self.damaged_behind(progress.step)?;
        let path = self.of_step(progress.step);
        self.remove_leftovers();
        save(&path, model, optimizer, progress)?;
        if let Some(keep) = self.keep_last {
            let older = self.states()?.into_iter().filter(|(step, _)| *step < progress.step);
            let older: Vec<PathBuf> = older.map(|(_, old)| old).collect();
            for old in older[..(older.len() + 1).saturating_sub(keep)].iter().chain(&damaged) {
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
        self.remove_leftovers();
        save(&path, model, optimizer, progress).map(|()| path)
    }

    /// That a run which is at this step may save into this folder: that it can be written, and holds no other run's states.
    /// The best one is of the run if that goes on from this folder, whatever step it is of: it may have been saved after the
    /// last of the others.
    pub(crate) fn check(&self, step: u64, goes_on: bool) -> Result<(), Error> {
        let next = self.of_step(step.saturating_add(1));
        atomic::check(&next).map_err(|error| Error::file(&next, "write", &error))?;
        self.damaged_behind(step)?;
        let path = self.best();
        if goes_on || !path.exists() {
            return Ok(());
        }
        match read::Reader::open(&path).map(|reader| reader.header.progress.step) {
            Ok(found) if found > step => Err(Error::StateBehind { path, step, found }),
            Err(error) if !is_unreadable(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether this is the same folder, however its path is written.
    pub(crate) fn is_at(&self, other: &Self) -> bool {
        let real = |folder: &Self| fs::canonicalize(&folder.path).ok();
        self.path == other.path || real(self).is_some_and(|path| Some(path) == real(other))
    }

    /// The states of later steps, which must all be damaged. They are read: but for those that a run could not go on from,
    /// there are none.
    fn damaged_behind(&self, step: u64) -> Result<Vec<PathBuf>, Error> {
        let mut damaged = Vec::new();
        for (found, path) in self.states()?.into_iter().rev().take_while(|(found, _)| *found > step) {
            match inspect(&path) {
                Ok(_) => return Err(Error::StateBehind { path, step, found }),
                // It may be whole, for somebody who may read it.
                Err(Error::File { .. }) => {}
                Err(error) if is_unreadable(&error) => damaged.push(path),
                Err(error) => return Err(error),
            }
        }
        Ok(damaged)
    }

    /// Removes what killed processes have left of this folder's states: those of earlier steps are not written again.
    fn remove_leftovers(&self) {
        atomic::remove_leftovers(&self.path, |leftover| {
            // Behind the name are the numbers of the process and of the file.
            let name = leftover.rsplit_once('.').map(|(name, _)| name);
            name.is_some_and(|name| name == BEST || step_of(name).is_some())
        });
    }

    fn of_step(&self, step: u64) -> PathBuf {
        self.path.join(format!("{FRONT}{step:08}{BACK}"))
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
            let step = path.file_name().and_then(|name| step_of(name.to_str()?));
            states.extend(step.map(|step| (step, path)));
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
    /// Of one that is whole, those of [`load`](super::load); if none is, that of the last. They change nothing.
    pub fn resume<M: Model>(
        &self,
        model: &mut M,
        optimizer: &mut impl Optimizer<M>,
    ) -> Result<Option<Resumed>, Error> {
        self.resume_if(model, optimizer, |_, _| Ok(()))
    }

    /// As [`resume`](Self::resume), if the run may go on from there: `check` is asked before anything changes.
    pub(crate) fn resume_if<M: Model>(
        &self,
        model: &mut M,
        optimizer: &mut impl Optimizer<M>,
        mut check: impl FnMut(&Path, &Progress) -> Result<(), Error>,
    ) -> Result<Option<Resumed>, Error> {
        let mut skipped = Vec::new();
        for (_, path) in self.states()?.into_iter().rev() {
            match load_if(&path, model, optimizer, |progress| check(&path, progress)) {
                Ok(progress) => return progress.map(|progress| Some(Resumed { path, progress, skipped })),
                // Another may be whole.
                Err(error) if is_unreadable(&error) => skipped.push((path, error)),
                Err(error) => return Err(error),
            }
        }
        skipped.into_iter().next().map_or(Ok(None), |(_, error)| Err(error))
    }
}

/// The step whose state a file of this name is.
fn step_of(name: &str) -> Option<u64> {
    let step = name.strip_prefix(FRONT)?.strip_suffix(BACK)?;
    step.bytes().all(|digit| digit.is_ascii_digit()).then(|| step.parse().ok())?
}

/// Whether it says of a file that there is no state to be read from it, so that another is the last; and not that its state
/// is of another model, optimizer or version.
fn is_unreadable(error: &Error) -> bool {
    matches!(error, Error::Damaged { .. } | Error::NotState { .. } | Error::File { .. })
}
