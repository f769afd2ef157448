//! A log of every step, as a table.

use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::words::Shortest;
use super::{At, Callback, Ended, Flow, Step};
use crate::error::Error;
use crate::model::Trainable;

/// What the columns are.
const HEADER: &str = "step,epoch,loss,grad_norm,lr,samples,skipped,validation_loss\n";

/// Writes a row for each step into a file of comma-separated values.
///
/// Its columns are `step`, `epoch` (the passes over the data that have ended), `loss`, `grad_norm`, `lr`, `samples`,
/// `skipped` (0 or 1) and `validation_loss`, which is empty where the model was not evaluated. Numbers have the fewest
/// digits that are read as the same number; those that are not finite are `NaN`, `inf` and `-inf`.
///
/// A row is in the file when its step is over: a process that is killed loses none. A run that goes on from a state cuts
/// off the rows behind it, and a last row that was torn; in the end the file has the bytes of one of a run that never
/// stopped. For that, give it before the [`Saver`](super::Saver), so that no state is ahead of its rows. A row that could not
/// be written ends the run, and is missing. A run that begins cuts off all rows. A file that is no such log is an error, and stays as it is.
///
/// ```
/// use remat::data::Arrays;
/// use remat::ndarray::Array2;
/// use remat::prelude::*;
/// use remat::train::CsvLog;
///
/// model! {
///     Net { input x: f32[2]; target y: f32[2]; fc: Linear(2); loss: Mse <- (fc, y); }
/// }
///
/// fn main() -> Result<(), Error> {
///     let mut net = Net::new(&Cpu::new()?, 42)?;
///     let mut opt = Sgd::new(&net, SgdConfig { lr: 0.5, ..Default::default() })?;
///     let data = Arrays::new((Array2::eye(2), Array2::ones((2, 2))))?;
///     # let path = std::env::temp_dir().join(format!("remat-csv-{}.csv", std::process::id()));
///     Trainer::steps(3).callback(CsvLog::new(&path)).run(&mut net, &mut opt, &data)?;
///     let log = std::fs::read_to_string(&path).unwrap();
///     let mut lines = log.lines();
///     assert_eq!(lines.next(), Some("step,epoch,loss,grad_norm,lr,samples,skipped,validation_loss"));
///     assert!(lines.next().unwrap().starts_with("1,1,"));
///     assert_eq!(lines.count(), 2);
///     # std::fs::remove_file(&path).unwrap();
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct CsvLog {
    path: PathBuf,
    /// Once it is open, at its end.
    file: Option<File>,
    /// The row under way.
    row: String,
}

impl CsvLog {
    /// Into the file at this path.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned(), file: None, row: String::new() }
    }

    fn failed(&self, error: &io::Error) -> Error {
        Error::file(&self.path, "write", error)
    }

    fn write(&mut self, row: Row) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            // Told of a step, but not of a start.
            closed => closed.insert(open(&self.path, row.step.saturating_sub(1))?),
        };
        self.row.clear();
        // Writing to a string cannot fail.
        let _ = write!(self.row, "{row}");
        // In one call, so that nothing but a full disk or a failing machine tears a row.
        file.write_all(self.row.as_bytes())
    }
}

impl<M: Trainable> Callback<M> for CsvLog {
    fn start(&mut self, at: &At<'_, M>) -> Result<(), Error> {
        self.file = Some(open(&self.path, at.progress.step).map_err(|error| self.failed(&error))?);
        Ok(())
    }

    fn step(&mut self, at: &At<'_, M>, step: &Step) -> Result<Flow, Error> {
        let row = Row {
            step: at.progress.step,
            epoch: at.progress.epoch,
            loss: step.loss,
            grad_norm: step.grad_norm,
            lr: step.lr,
            samples: step.samples as u64,
            skipped: step.skipped,
            validation: step.evaluation.map(|evaluation| evaluation.loss),
        };
        self.write(row).map_err(|error| self.failed(&error))?;
        Ok(Flow::Continue)
    }

    fn end(&mut self, _at: &At<'_, M>, _ended: Ended) -> Result<(), Error> {
        let synced = self.file.as_ref().map_or(Ok(()), File::sync_all);
        synced.map_err(|error| self.failed(&error))
    }
}

/// Opens a log, cut off behind this step, to write rows behind it.
fn open(path: &Path, step: u64) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    let mut rows = Rows::new(&file)?;
    let mut kept = rows.end;
    while let Some(row) = rows.next()?
        && row.step <= step
    {
        kept = rows.end;
    }
    file.set_len(kept)?;
    file.seek(SeekFrom::Start(kept))?;
    if kept == 0 {
        file.write_all(HEADER.as_bytes())?;
    }
    Ok(file)
}

/// What is known of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) step: u64,
    pub(super) epoch: u64,
    pub(super) loss: f64,
    pub(super) grad_norm: f64,
    pub(super) lr: f64,
    pub(super) samples: u64,
    pub(super) skipped: bool,
    pub(super) validation: Option<f64>,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, epoch, samples, .. } = self;
        let [loss, grad_norm, lr] = [self.loss, self.grad_norm, self.lr].map(Shortest);
        write!(f, "{step},{epoch},{loss},{grad_norm},{lr},{samples},{},", u8::from(self.skipped))?;
        if let Some(loss) = self.validation {
            write!(f, "{}", Shortest(loss))?;
        }
        f.write_str("\n")
    }
}

impl Row {
    /// Of a line, if it is one.
    fn parse(line: &str) -> Option<Self> {
        let mut cells = line.split(',');
        let row = Self {
            step: next(&mut cells)?,
            epoch: next(&mut cells)?,
            loss: next(&mut cells)?,
            grad_norm: next(&mut cells)?,
            lr: next(&mut cells)?,
            samples: next(&mut cells)?,
            skipped: next::<u8>(&mut cells)? == 1,
            validation: match cells.next()? {
                "" => None,
                loss => Some(loss.parse().ok()?),
            },
        };
        cells.next().is_none().then_some(row)
    }
}

fn next<'a, T: FromStr>(cells: &mut impl Iterator<Item = &'a str>) -> Option<T> {
    cells.next()?.parse().ok()
}

/// The rows of a log that are whole.
pub(super) struct Rows<R> {
    file: BufReader<R>,
    line: Vec<u8>,
    /// Lines that were read.
    lines: u64,
    /// Step of the last row.
    step: u64,
    /// Bytes up to the end of the last row, or of the header; none if there is no header.
    end: u64,
}

impl<R: Read> Rows<R> {
    /// Of a file that is a log, or empty.
    pub(super) fn new(file: R) -> io::Result<Self> {
        let mut file = BufReader::new(file);
        let mut line = Vec::new();
        // No more, as it may be any file.
        file.by_ref().take(HEADER.len() as u64).read_to_end(&mut line)?;
        let whole = line == HEADER.as_bytes();
        // The beginning of a header is one that was torn.
        if !whole && !HEADER.as_bytes().starts_with(&line) {
            let found = String::from_utf8_lossy(&line);
            let found = found.lines().next().unwrap_or_default();
            return Err(invalid(format!(
                "it must begin with `{}` but begins with `{found}`",
                HEADER.trim_end()
            )));
        }
        Ok(Self { file, line, lines: 1, step: 0, end: if whole { HEADER.len() as u64 } else { 0 } })
    }

    /// The next row; none behind the last that is whole.
    pub(super) fn next(&mut self) -> io::Result<Option<Row>> {
        self.line.clear();
        self.file.read_until(b'\n', &mut self.line)?;
        let Some((b'\n', line)) = self.line.split_last() else { return Ok(None) };
        self.lines += 1;
        let row = std::str::from_utf8(line).ok().and_then(Row::parse);
        // Its steps tell what is to be cut off.
        let Some(row) = row.filter(|row| row.step > self.step) else {
            let found = String::from_utf8_lossy(line);
            let (number, after) = (self.lines, self.step);
            return Err(invalid(format!(
                "line {number} must be a row of a step after {after} but is `{found}`"
            )));
        };
        self.step = row.step;
        self.end += self.line.len() as u64;
        Ok(Some(row))
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: u64) -> Row {
        let validation = step.is_multiple_of(2).then_some(0.1);
        Row { step, epoch: 0, loss: 1.5, grad_norm: 1e-9, lr: 0.01, samples: 32, skipped: false, validation }
    }

    /// A log of the steps from 1 to `last`.
    fn log(last: u64) -> String {
        (1..=last).fold(HEADER.to_owned(), |log, step| log + &row(step).to_string())
    }

    /// What a file that held `before` holds once it was opened at `step` and a row was written.
    fn after(before: &[u8], step: u64) -> io::Result<Vec<u8>> {
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("remat-csv-{}-{number}", std::process::id()));
        std::fs::write(&path, before).unwrap();
        let mut log = CsvLog::new(&path);
        let written = open(&path, step).and_then(|file| {
            log.file = Some(file);
            log.write(row(step + 1))
        });
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        if written.is_err() {
            assert_eq!(bytes, before, "an error changes nothing");
        }
        written.map(|()| bytes)
    }

    #[test]
    fn rows_are_read_as_they_were_written() {
        let rows = [
            row(1),
            Row { validation: Some(f64::INFINITY), loss: 0.1 + 0.2, lr: 1e300, ..row(u64::MAX) },
            Row { loss: f64::NEG_INFINITY, skipped: true, ..row(7) },
        ];
        for row in rows {
            let line = row.to_string();
            assert_eq!(Row::parse(line.trim_end()), Some(row), "{line}");
        }
        let line = row(2).to_string();
        assert_eq!(line, "2,0,1.5,1e-9,0.01,32,0,0.1\n");
        assert!(Row { loss: f64::NAN, ..row(1) }.to_string().starts_with("1,0,NaN,"));
        for line in ["", "1", "1,0,1.5,1,1,32,0", "1,0,1.5,1,1,32,0,,", "x,0,1.5,1,1,32,0,", "1,0,,1,1,32,0,"]
        {
            assert_eq!(Row::parse(line), None, "{line}");
        }
    }

    #[test]
    fn rows_behind_the_step_are_cut_off_and_so_is_a_torn_one() {
        for step in 0..6 {
            let whole = log(6);
            assert_eq!(after(whole.as_bytes(), step).unwrap(), log(step + 1).as_bytes(), "{step}");
        }
        // Torn anywhere: what is whole stays, what is not is cut off.
        let (two, three) = (log(2), log(3));
        for torn in two.len()..three.len() {
            assert_eq!(after(&three.as_bytes()[..torn], 2).unwrap(), three.as_bytes(), "{torn}");
        }
        for torn in 0..HEADER.len() {
            assert_eq!(after(&HEADER.as_bytes()[..torn], 0).unwrap(), log(1).as_bytes(), "{torn}");
        }
        // What a machine leaves that lost its power.
        let zeros = [two.as_bytes(), &[0; 100]].concat();
        assert_eq!(after(&zeros, 2).unwrap(), three.as_bytes());
        // Rows that were lost are missing, and no more than those.
        assert_eq!(after(two.as_bytes(), 4).unwrap(), (two + &row(5).to_string()).as_bytes());
    }

    #[test]
    fn a_file_that_is_no_log_stays_as_it_is() {
        let error = |before: &str, step| after(before.as_bytes(), step).unwrap_err().to_string();
        assert_eq!(
            error("name,age\nAda,36\n", 0),
            format!("it must begin with `{}` but begins with `name,age`", HEADER.trim_end())
        );
        assert_eq!(
            error(&(log(2) + "3,oops\n" + &row(4).to_string()), 4),
            "line 4 must be a row of a step after 2 but is `3,oops`"
        );
        assert_eq!(
            error(&(log(2) + &row(2).to_string()), 4),
            "line 4 must be a row of a step after 2 but is `2,0,1.5,1e-9,0.01,32,0,0.1`"
        );
        assert!(after(&[0xff; 200], 0).is_err());
    }
}
