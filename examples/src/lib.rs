//! What the example programs share: where they save their states, and how they go on from them.

use std::path::PathBuf;

use remat::prelude::*;
use remat::state::{Folder, Progress};

/// `--out FOLDER`, `--save-every N` and `--resume`.
#[derive(Debug, Default)]
pub struct Saving {
    out: Option<PathBuf>,
    every: Option<u64>,
    resume: bool,
}

/// How many states a folder keeps.
const KEEP: usize = 3;

impl Saving {
    /// What these options are, for a line of help.
    pub const USAGE: &str = "[--out FOLDER] [--save-every STEPS] [--resume]";

    /// Takes an argument, and what stands behind it in `args`, if it is one of these.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn take(&mut self, arg: &str, args: &mut impl Iterator<Item = String>) -> Result<bool, String> {
        match arg {
            "--out" => {
                let folder = args.next().ok_or("`--out` needs a folder -- write `--out target/run`")?;
                self.out = Some(folder.into());
            }
            "--save-every" => {
                let value = args.next().unwrap_or_default();
                let steps = value.parse().ok().filter(|steps| *steps > 0);
                self.every = Some(steps.ok_or_else(|| {
                    format!("`--save-every` must be a positive number of steps but is `{value}` -- write `--save-every 100`")
                })?);
            }
            "--resume" => self.resume = true,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Where to save, if a folder is given.
    ///
    /// # Errors
    /// An option that needs a folder without one; a folder that can't be made.
    pub fn start(self) -> Result<Option<Saver>, String> {
        let Self { out, every, resume } = self;
        let Some(out) = out else {
            let idle = [(resume, "--resume"), (every.is_some(), "--save-every")];
            return match idle.into_iter().find(|(given, _)| *given) {
                Some((_, option)) => {
                    Err(format!("`{option}` needs a folder of states -- write `--out FOLDER` beside it"))
                }
                None => Ok(None),
            };
        };
        let folder = Folder::new(out).and_then(|folder| folder.keep_last(KEEP));
        Ok(Some(Saver { folder: folder.map_err(|error| error.to_string())?, every, resume }))
    }
}

/// Saves states of a run into a folder.
#[derive(Debug)]
pub struct Saver {
    folder: Folder,
    every: Option<u64>,
    resume: bool,
}

impl Saver {
    /// Loads the last state that is whole, if that is asked for, and says so.
    ///
    /// # Errors
    /// Those of [`Folder::resume`]; in words, if there is nothing to go on from.
    pub fn resume<M: Model>(
        &self,
        model: &mut M,
        optimizer: &mut impl Optimizer<M>,
    ) -> Result<Option<Progress>, Box<dyn std::error::Error>> {
        if !self.resume {
            return Ok(None);
        }
        let Some(resumed) = self.folder.resume(model, optimizer)? else {
            let folder = self.folder.path().display();
            return Err(format!("there is no state in {folder} -- leave out `--resume` to begin").into());
        };
        for (path, error) in &resumed.skipped {
            println!("passed over {}: {error}", path.display());
        }
        println!("resumed from {}, after step {}", resumed.path.display(), resumed.progress.step);
        Ok(Some(resumed.progress))
    }

    /// Saves if it is time to, or at the `last` step.
    ///
    /// # Errors
    /// Those of [`Folder::save`].
    pub fn step<M: Model>(
        &self,
        model: &M,
        optimizer: &impl Optimizer<M>,
        progress: &Progress,
        last: bool,
    ) -> Result<(), Error> {
        if last || self.every.is_some_and(|every| progress.step.is_multiple_of(every)) {
            self.folder.save(model, optimizer, progress)?;
        }
        Ok(())
    }
}
