//! The losses of a run as a picture.

mod axis;
mod picture;
mod series;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use picture::Picture;
use series::Series;

use super::csv::Rows;
use super::{At, Callback, Ended, Flow, Step};
use crate::error::Error;
use crate::model::Trainable;
use crate::state::atomic;

/// Draws the training and the validation loss over the steps when the run ends, interrupted or not: an SVG that is readable
/// in light and dark.
///
/// The training loss is drawn as it is, faintly, and smoothed over about a twentieth of the run. The axis of the losses is
/// logarithmic if they are a factor of more than 30 apart. Steps that were left out, and losses that are not finite, are
/// marked. Thousands of steps become a few hundred points: the mean, the lowest and the highest loss of neighbours.
///
/// A run that goes on from a state knows the losses of earlier steps from the file of a [`CsvLog`](super::CsvLog), if it is
/// [told](Self::earlier_steps) of one; else its picture begins where it goes on. A run without a step leaves the picture
/// that is there.
///
/// ```
/// use remat::data::Arrays;
/// use remat::ndarray::Array2;
/// use remat::prelude::*;
/// use remat::train::{CsvLog, LossCurve};
///
/// model! {
///     Net { input x: f32[2]; target y: f32[2]; fc: Linear(2); loss: Mse <- (fc, y); }
/// }
///
/// fn main() -> Result<(), Error> {
///     let mut net = Net::new(&Cpu::new()?, 42)?;
///     let mut opt = Sgd::new(&net, SgdConfig { lr: 0.5, ..Default::default() })?;
///     let data = Arrays::new((Array2::eye(2), Array2::ones((2, 2))))?;
///     # let path = std::env::temp_dir().join(format!("remat-curve-doc-{}", std::process::id()));
///     # std::fs::create_dir_all(&path).unwrap();
///     let (csv, svg) = (path.join("loss.csv"), path.join("loss.svg"));
///     Trainer::steps(100)
///         .callback(CsvLog::new(&csv))
///         .callback(LossCurve::new(&svg).earlier_steps(&csv))
///         .run(&mut net, &mut opt, &data)?;
///     assert!(std::fs::read_to_string(&svg).unwrap().contains("Net: loss of 100 steps"));
///     # std::fs::remove_dir_all(&path).unwrap();
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct LossCurve {
    path: PathBuf,
    csv: Option<PathBuf>,
    losses: Losses,
}

/// What is drawn.
#[derive(Debug)]
struct Losses {
    training: Series,
    validation: Series,
    /// Whether a step was left out.
    skipped: bool,
}

impl LossCurve {
    /// Into the file at this path, which is replaced in the end.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned(), csv: None, losses: Losses::new() }
    }

    /// Of a run that goes on, draws the steps before that too, which a [`CsvLog`](super::CsvLog) has written into this file.
    #[must_use]
    pub fn earlier_steps(self, csv: impl AsRef<Path>) -> Self {
        Self { csv: Some(csv.as_ref().to_owned()), ..self }
    }
}

impl<M: Trainable> Callback<M> for LossCurve {
    fn start(&mut self, at: &At<'_, M>) -> Result<(), Error> {
        // Not only after hours.
        atomic::check(&self.path).map_err(|error| Error::file(&self.path, "write", &error))?;
        if let Some(csv) = &self.csv {
            let read = self.losses.read(csv, at.progress.step);
            read.map_err(|error| Error::file(csv, "read", &error))?;
        }
        Ok(())
    }

    fn step(&mut self, at: &At<'_, M>, step: &Step) -> Result<Flow, Error> {
        let validation = step.evaluation.map(|evaluation| evaluation.loss);
        self.losses.add(at.progress.step, step.loss, step.skipped, validation);
        Ok(Flow::Continue)
    }

    fn end(&mut self, at: &At<'_, M>, ended: Ended) -> Result<(), Error> {
        let Some(picture) = Picture::new(&self.losses, M::NAME, at.steps, ended) else { return Ok(()) };
        let written = atomic::replace(&self.path, |file| file.write_all(picture.to_string().as_bytes()));
        written.map_err(|error| Error::file(&self.path, "write", &error))
    }
}

impl Losses {
    fn new() -> Self {
        Self { training: Series::new(), validation: Series::new(), skipped: false }
    }

    fn add(&mut self, step: u64, loss: f64, skipped: bool, validation: Option<f64>) {
        // That of a step which was left out may be finite: then its gradient is not.
        self.training.add(step, (!skipped).then_some(loss));
        if let Some(loss) = validation {
            self.validation.add(step, Some(loss));
        }
        self.skipped |= skipped;
    }

    /// Adds the steps up to the one that a run goes on from.
    fn read(&mut self, csv: &Path, step: u64) -> io::Result<()> {
        let file = match File::open(csv) {
            // The log begins with this run, as the steps do or as it was not asked for before.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        if step == 0 {
            return Ok(());
        }
        let mut rows = Rows::new(file)?;
        while let Some(row) = rows.next()?
            && row.step <= step
        {
            self.add(row.step, row.loss, row.skipped, row.validation);
        }
        Ok(())
    }
}
