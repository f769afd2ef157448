//! State files. Blind changes never get behind checksums, so the first byte of an input says which of them are made
//! right after the change, with no code of the library: the format as it is described in
//! `runtime/src/state/format.md`.

use std::hash::Hasher;
use std::sync::{LazyLock, Mutex};

use remat::prelude::*;
use remat::state::{self, Progress};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::Loaded;

/// What is made right, bit by bit of the first byte.
const LAYOUT: u8 = 1;
const TABLE: u8 = 2;
const FILE: u8 = 4;
const TENSORS: u8 = 8;
const END: u8 = 16;
const HEADER: u8 = 32;
const PREAMBLE: u8 = 64;

/// All of it.
pub const ALL: u8 = LAYOUT | TABLE | FILE | TENSORS | END | HEADER | PREAMBLE;

const LINE: usize = 64;

/// No file is made longer than this.
const LONGEST: usize = 1 << 16;

#[derive(Clone, Serialize, Deserialize)]
struct Header {
    model: String,
    dtype: String,
    layout: u64,
    seed: u64,
    steps: u64,
    optimizer: Option<(String, u64, f64)>,
    progress: Progress,
}

#[derive(Serialize, Deserialize)]
struct Tensor {
    name: String,
    shape: Vec<u8>,
}

/// Reads a file of these bytes in every way, and panics where one breaks a promise.
pub fn read(data: &[u8]) {
    static LOADED: LazyLock<Mutex<Loaded>> =
        LazyLock::new(|| Mutex::new(Loaded::new("state").expect("a network")));
    let Some((&flags, bytes)) = data.split_first() else { return };
    let bytes = right(flags, bytes.to_vec());
    let loaded = &mut *LOADED.lock().expect("no test panicked");

    let inspected = loaded.with_file(&bytes, |loaded| state::inspect(&loaded.path));
    let before = everything(loaded);
    let result = loaded.with_file(&bytes, |loaded| {
        let Loaded { net, opt, path } = loaded;
        state::load(path, net, opt)
    });
    match (&inspected, &result) {
        (Err(error), Ok(_)) => panic!("loaded, and not to be inspected: {error}"),
        (_, Err(error)) => {
            let _ = error.to_string();
            assert_eq!(everything(loaded), before, "refused, and changed: {error}");
        }
        (Ok(inspected), Ok(progress)) => {
            // What was loaded is what stands there: saved, it stands there again.
            state::save(&loaded.path, &loaded.net, &loaded.opt, progress).expect("a file can be written");
            let again = state::inspect(&loaded.path).expect("it was saved");
            // The file may have said the same in more bytes; NaN differs from itself.
            let again = state::Inspection { bytes: inspected.bytes, ..again };
            assert_eq!(format!("{again:?}"), format!("{inspected:?}"));
        }
    }
    if let Ok(inspected) = inspected {
        let _ = inspected.to_string();
    }
    let before = loaded.bits();
    let model = loaded.with_file(&bytes, |loaded| state::load_model(&loaded.path, &mut loaded.net));
    if model.is_err() {
        assert!(result.is_err(), "a training state is one of a model too");
        assert!(loaded.bits() == before, "refused, and changed");
    }
}

/// All that a load may change.
fn everything(loaded: &Loaded) -> (Vec<u32>, Vec<u32>, u64, u64, u64, u64) {
    let (core, moments) = (loaded.net.core(), loaded.opt.moments());
    let list = moments.list.iter().flat_map(|moment| {
        let region = Cpu::<f32>::region(moments.buf, moment.span).expect("it is inside");
        Cpu::<f32>::view::<f32>(region)
    });
    let list = list.map(|number| number.to_bits()).collect();
    (loaded.bits(), list, moments.steps, moments.lr.to_bits(), core.seed, core.steps)
}

/// The bytes with all of this made right, as far as they can be read.
pub fn right(flags: u8, mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.len() < LINE {
        return bytes;
    }
    let mut header = number(&bytes, 16);
    if flags & (LAYOUT | TABLE | TENSORS | END) != 0
        && let Some((decoded, table)) = decoded(&bytes)
    {
        if flags & LAYOUT != 0 {
            header = with_layout(&decoded, &table, &mut bytes);
        }
        let first = LINE + (header as usize).next_multiple_of(LINE);
        if let Some((sections, end)) = sections(&decoded.dtype, &table, first) {
            if flags & TABLE != 0 && end + LINE <= LONGEST {
                bytes.resize(end + LINE, 0);
            }
            if flags & TENSORS != 0 {
                sum_tensors(&sections, &mut bytes);
            }
            if flags & END != 0 && bytes.len() >= end + LINE {
                let mark = &mut bytes[end..end + LINE];
                mark.fill(0);
                mark[..8].copy_from_slice(b"RMAT_END");
                mark[8..16].copy_from_slice(&(table.len() as u64).to_le_bytes());
                sum_line(mark);
            }
        }
    }
    if flags & FILE != 0 {
        let length = bytes.len() as u64;
        set(&mut bytes, 24, length);
    }
    if flags & HEADER != 0
        && let Some(end) = usize::try_from(header).ok().and_then(|header| LINE.checked_add(header))
        && end <= bytes.len()
    {
        let sum = XxHash3_64::oneshot(&bytes[LINE..end]);
        set(&mut bytes, 32, sum);
        let padded = end.next_multiple_of(LINE).min(bytes.len());
        bytes[end..padded].fill(0);
    }
    if flags & PREAMBLE != 0 {
        sum_line(&mut bytes[..LINE]);
    }
    bytes
}

fn number(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn set(bytes: &mut [u8], at: usize, number: u64) {
    bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
}

fn sum_line(line: &mut [u8]) {
    let sum = XxHash3_64::oneshot(&line[..LINE - 8]);
    set(line, LINE - 8, sum);
}

/// The header and its table, if these can be read.
fn decoded(bytes: &[u8]) -> Option<(Header, Vec<Tensor>)> {
    let end = LINE.checked_add(usize::try_from(number(bytes, 16)).ok()?)?;
    let mut rest = bytes.get(LINE..end)?;
    let header = take(&mut rest)?;
    let mut table = Vec::new();
    for _ in 0..number(bytes, 40) {
        table.push(take(&mut rest)?);
    }
    Some((header, table))
}

fn take<T: serde::de::DeserializeOwned>(bytes: &mut &[u8]) -> Option<T> {
    let config = bincode::config::standard().with_limit::<LONGEST>();
    let (value, read) = bincode::serde::decode_from_slice(bytes, config).ok()?;
    *bytes = &bytes[read..];
    Some(value)
}

/// Writes the header anew, with the layout of what looks like parameters in its table; its length.
fn with_layout(header: &Header, table: &[Tensor], bytes: &mut Vec<u8>) -> u64 {
    let mut sum = XxHash3_64::with_seed(0);
    let is_moment = |tensor: &&Tensor| header.optimizer.is_some() && tensor.name.contains(" of ");
    for Tensor { name, shape } in table.iter().take_while(|tensor| !is_moment(tensor)) {
        let axes: Vec<u64> = shape.chunks_exact(8).map(|axis| number(axis, 0)).collect();
        sum.write(format!("{name} {axes:?}\n").as_bytes());
    }
    let config = bincode::config::standard();
    let encode = |tensor: &Tensor| bincode::serde::encode_to_vec(tensor, config).expect("it was decoded");
    let header = Header { layout: sum.finish(), ..header.clone() };
    let mut anew = bincode::serde::encode_to_vec(&header, config).expect("it was decoded");
    table.iter().for_each(|tensor| anew.extend(encode(tensor)));
    let length = anew.len();
    anew.resize(length.next_multiple_of(LINE), 0);
    let old = (LINE + (number(bytes, 16) as usize).next_multiple_of(LINE)).min(bytes.len());
    bytes.splice(LINE..old, anew);
    set(bytes, 16, length as u64);
    length as u64
}

/// Where the numbers of each tensor begin and end, and where the end mark stands.
fn sections(dtype: &str, table: &[Tensor], first: usize) -> Option<(Vec<(usize, usize)>, usize)> {
    let width = if dtype == "f64" { 8 } else { 4 };
    let (mut at, mut all) = (first, Vec::new());
    for Tensor { shape, .. } in table {
        let mut axes = shape.chunks_exact(8).map(|axis| number(axis, 0) as usize);
        let bytes = axes.try_fold(width, |bytes: usize, axis| bytes.checked_mul(axis))?;
        let end = at.checked_add(bytes)?;
        all.push((at, end));
        at = end.checked_add(8)?.checked_next_multiple_of(LINE)?;
    }
    Some((all, at))
}

fn sum_tensors(sections: &[(usize, usize)], bytes: &mut [u8]) {
    for (place, &(start, end)) in sections.iter().enumerate() {
        let next = (end + 8).next_multiple_of(LINE);
        if next > bytes.len() {
            break;
        }
        let mut sum = XxHash3_64::with_seed(place as u64 + 1);
        sum.write(&bytes[start..end]);
        bytes[end..next - 8].fill(0);
        set(bytes, next - 8, sum.finish());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &[u8] = include_bytes!("../seeds/state/adamw");

    /// The table of a seed with a change in it, made right.
    fn table(change: impl FnOnce(&mut Vec<u8>)) -> Vec<(String, u64)> {
        let mut bytes = SEED[1..].to_vec();
        change(&mut bytes);
        let path = std::env::temp_dir().join(format!("remat-fuzz-test-{}", std::process::id()));
        std::fs::write(&path, right(ALL, bytes)).unwrap();
        let inspected = state::inspect(&path);
        std::fs::remove_file(&path).unwrap();
        inspected.unwrap().tensors.into_iter().map(|tensor| (tensor.name, tensor.checksum)).collect()
    }

    #[test]
    fn what_is_made_right_is_read_behind_its_checksums() {
        let whole = table(|_| {});
        // The first number of the last tensor, which takes a line before the end mark.
        let another = table(|bytes| {
            let at = bytes.len() - 2 * LINE;
            bytes[at] ^= 1;
        });
        assert_eq!(whole.iter().zip(&another).filter(|(one, other)| one != other).count(), 1);
        let name = SEED.windows(8).position(|bytes| bytes == b"fc.bias\x08").unwrap();
        assert_eq!(table(|bytes| bytes[name] = b'x')[1].0, "fx.bias");
        assert_eq!(table(|bytes| bytes.truncate(SEED.len() / 2)).len(), whole.len());
    }
}
