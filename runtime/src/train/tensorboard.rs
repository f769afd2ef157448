//! Event files for TensorBoard.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{At, Callback, Ended, Flow, Step};
use crate::error::Error;
use crate::model::Trainable;

/// Writes what TensorBoard draws into a folder: `loss/train`, `loss/validation`, `lr` and `grad_norm`, for each step.
///
/// Each run writes a file of its own, and a record for each step when it is over: a process that is killed loses none.
/// What an earlier run wrote of steps behind the one that a run begins or goes on with stays in its file, and TensorBoard
/// is told to leave it out.
///
/// ```
/// use remat::data::Arrays;
/// use remat::ndarray::Array2;
/// use remat::prelude::*;
/// use remat::train::TensorBoard;
///
/// model! {
///     Net { input x: f32[2]; target y: f32[2]; fc: Linear(2); loss: Mse <- (fc, y); }
/// }
///
/// fn main() -> Result<(), Error> {
///     let mut net = Net::new(&Cpu::new()?, 42)?;
///     let mut opt = Sgd::new(&net, SgdConfig { lr: 0.5, ..Default::default() })?;
///     let data = Arrays::new((Array2::eye(2), Array2::ones((2, 2))))?;
///     # let path = std::env::temp_dir().join(format!("remat-tensorboard-doc-{}", std::process::id()));
///     // To see it: `tensorboard --logdir` and this folder.
///     Trainer::steps(3).callback(TensorBoard::new(&path)).run(&mut net, &mut opt, &data)?;
///     assert_eq!(std::fs::read_dir(&path).unwrap().count(), 1);
///     # std::fs::remove_dir_all(&path).unwrap();
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct TensorBoard {
    folder: PathBuf,
    /// The file of this run, and where it is.
    open: Option<(File, PathBuf)>,
    /// The record under way.
    record: Vec<u8>,
}

impl TensorBoard {
    /// Into this folder, which is made if it is not there.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self { folder: folder.as_ref().to_owned(), open: None, record: vec![] }
    }

    /// Begins a file for what comes after a step.
    fn begin(&mut self, step: u64) -> Result<(), Error> {
        let failed = |path: &Path, error: &io::Error| Error::file(path, "write", error);
        fs::create_dir_all(&self.folder).map_err(|error| failed(&self.folder, &error))?;
        let seconds = now().as_secs();
        for number in 0_u64.. {
            let name = format!("events.out.tfevents.{seconds:010}.remat.{}.{number}", std::process::id());
            let path = self.folder.join(name);
            match File::create_new(&path) {
                // Of a run of this second, or of a process of this number elsewhere.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&path, &error)),
                Ok(file) => {
                    self.open = Some((file, path));
                    break;
                }
            }
        }
        self.write(|event| event.bytes(FILE_VERSION, b"brain.Event:2"))?;
        self.write(|event| {
            event.integer(STEP, step + 1);
            event.message(SESSION_LOG, |log| log.integer(STATUS, START));
        })
    }

    /// Appends an event.
    fn write(&mut self, fill: impl FnOnce(&mut Message<'_>)) -> Result<(), Error> {
        let Some((file, path)) = &mut self.open else { return Ok(()) };
        frame(&mut self.record, |data| {
            let mut event = Message(data);
            event.double(WALL_TIME, now().as_secs_f64());
            fill(&mut event);
        });
        file.write_all(&self.record).map_err(|error| Error::file(path, "write", &error))
    }

    /// Appends the values of a step.
    fn values<'a>(
        &mut self,
        step: u64,
        values: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> Result<(), Error> {
        if self.open.is_none() {
            // Told of a step, but not of a start.
            self.begin(step.saturating_sub(1))?;
        }
        self.write(|event| {
            event.integer(STEP, step);
            event.message(SUMMARY, |summary| {
                for (tag, x) in values {
                    summary.message(VALUE, |value| {
                        value.bytes(TAG, tag.as_bytes());
                        value.float(SIMPLE_VALUE, x as f32);
                    });
                }
            });
        })
    }
}

impl<M: Trainable> Callback<M> for TensorBoard {
    fn start(&mut self, at: &At<'_, M>) -> Result<(), Error> {
        self.begin(at.progress.step)
    }

    fn step(&mut self, at: &At<'_, M>, step: &Step) -> Result<Flow, Error> {
        let validation = step.evaluation.map(|evaluation| ("loss/validation", evaluation.loss));
        let own = [("loss/train", step.loss), ("lr", step.lr), ("grad_norm", step.grad_norm)];
        self.values(at.progress.step, own.into_iter().chain(validation))?;
        Ok(Flow::Continue)
    }

    fn end(&mut self, _at: &At<'_, M>, _ended: Ended) -> Result<(), Error> {
        let Some((file, path)) = &self.open else { return Ok(()) };
        file.sync_all().map_err(|error| Error::file(path, "write", &error))
    }
}

/// The time since 1970.
fn now() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Makes a record of the data that `fill` appends: its length, the check sum of that, the data, and its check sum.
fn frame(record: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    const HEAD: usize = 12;
    record.clear();
    record.resize(HEAD, 0);
    fill(record);
    let length = (record.len() - HEAD) as u64;
    record[..8].copy_from_slice(&length.to_le_bytes());
    let sum = masked(&record[..8]);
    record[8..HEAD].copy_from_slice(&sum.to_le_bytes());
    let sum = masked(&record[HEAD..]);
    record.extend(sum.to_le_bytes());
}

/// The check sum of a record: CRC-32C, turned and moved so that sums of what holds sums differ too.
fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

// The fields that are used, of `Event`, `Summary`, `Summary.Value` and `SessionLog` in TensorFlow's `event.proto` and
// `summary.proto`.
const WALL_TIME: u64 = 1;
const STEP: u64 = 2;
const FILE_VERSION: u64 = 3;
const SUMMARY: u64 = 5;
const SESSION_LOG: u64 = 7;
const VALUE: u64 = 1;
const TAG: u64 = 1;
const SIMPLE_VALUE: u64 = 2;
const STATUS: u64 = 1;
/// A status: events of this step and later ones that came before are void.
const START: u64 = 1;

/// A message of protocol buffers, at the end of some bytes.
struct Message<'a>(&'a mut Vec<u8>);

impl Message<'_> {
    fn varint(&mut self, mut x: u64) {
        while x >= 0x80 {
            self.0.push(x as u8 | 0x80);
            x >>= 7;
        }
        self.0.push(x as u8);
    }

    /// Number and wire type of a field.
    fn key(&mut self, field: u64, kind: u64) {
        self.varint(field << 3 | kind);
    }

    fn integer(&mut self, field: u64, x: u64) {
        self.key(field, 0);
        self.varint(x);
    }

    fn double(&mut self, field: u64, x: f64) {
        self.key(field, 1);
        self.0.extend(x.to_le_bytes());
    }

    fn float(&mut self, field: u64, x: f32) {
        self.key(field, 5);
        self.0.extend(x.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
    }

    /// A message in it.
    fn message(&mut self, field: u64, fill: impl FnOnce(&mut Message<'_>)) {
        let mut bytes = vec![];
        fill(&mut Message(&mut bytes));
        self.bytes(field, &bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CRC-32C bit by bit, as its polynomial says.
    fn crc(bytes: &[u8]) -> u32 {
        let bits = bytes.iter().flat_map(|byte| (0..8).map(move |bit| u32::from(byte >> bit & 1)));
        !bits.fold(!0, |crc, bit| if (crc ^ bit) & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 })
    }

    #[test]
    fn a_record_is_framed_as_tensorflow_does() {
        assert_eq!(crc(b"123456789"), 0xe306_9283);
        let mut record = b"of before".to_vec();
        frame(&mut record, |data| data.extend(b"123456789"));
        let mask = |sum: u32| sum.rotate_left(17).wrapping_add(0xa282_ead8).to_le_bytes();
        let length = 9_u64.to_le_bytes();
        let expected = [&length[..], &mask(crc(&length)), b"123456789", &mask(crc(b"123456789"))].concat();
        assert_eq!(record, expected);
    }

    #[test]
    fn fields_are_encoded_as_protocol_buffers_are() {
        let mut bytes = vec![];
        let mut message = Message(&mut bytes);
        message.integer(1, 150);
        message.integer(2, u64::MAX);
        message.float(2, 1.0);
        message.message(SUMMARY, |inner| inner.bytes(2, b"testing"));
        let most = [0xff; 9];
        let expected = [
            &[0x08, 0x96, 0x01, 0x10][..],
            &most,
            &[0x01, 0x15, 0, 0, 0x80, 0x3f, 0x2a, 9, 0x12, 7],
            b"testing",
        ];
        assert_eq!(bytes, expected.concat());
    }
}
