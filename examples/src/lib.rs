//! What the example programs share: where they save their states, and how they go on from them.

use std::error::Error;
use std::path::PathBuf;

use remat::model::Trainable;
use remat::optim;
use remat::prelude::*;
use remat::state::Folder;
use remat::train::{CsvLog, Every, LossCurve, Saver};

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

    /// Tells a trainer of it: it saves at the end, interrupted or not, and every so often, and writes and draws its losses.
    ///
    /// # Errors
    /// An option that needs a folder without one; a folder that can't be made, or has nothing to go on from.
    pub fn tell<'a, M: Trainable<Device: optim::Kernel>>(
        self,
        trainer: Trainer<'a, M>,
    ) -> Result<Trainer<'a, M>, Box<dyn Error>> {
        let Self { out, every, resume } = self;
        let Some(out) = out else {
            let idle = [(resume, "--resume"), (every.is_some(), "--save-every")];
            return match idle.into_iter().find(|(given, _)| *given) {
                Some((_, option)) => {
                    Err(format!("`{option}` needs a folder of states -- write `--out FOLDER` beside it")
                        .into())
                }
                None => Ok(trainer),
            };
        };
        let folder = Folder::new(out)?.keep_last(KEEP)?;
        if resume && folder.states()?.is_empty() {
            let folder = folder.path().display();
            return Err(format!("there is no state in {folder} -- leave out `--resume` to begin").into());
        }
        if !resume && !folder.states()?.is_empty() {
            let folder = folder.path().display();
            return Err(format!(
                "there are states in {folder} -- go on from the last with `--resume`, or give another folder"
            )
            .into());
        }
        let saver = Saver::new(folder.clone());
        let saver = every.map_or_else(|| saver.clone(), |every| saver.clone().every(Every::Steps(every)));
        let (log, curve) = (folder.path().join("log.csv"), folder.path().join("loss.svg"));
        let curve = LossCurve::new(curve).earlier_steps(&log);
        let trainer = trainer.callback(CsvLog::new(log)).callback(curve).callback(saver).stop_on_ctrl_c();
        Ok(if resume { trainer.resume(&folder) } else { trainer })
    }
}
