#![doc = include_str!("format.md")]
//!
//! This file is the only one that knows bincode.

use std::{fmt, iter};

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use super::Progress;
use super::inspect::Tensor;
use crate::arena::bytes_of_mut;
use crate::device::Element;

/// What every section is a multiple of.
pub(super) const LINE: usize = 64;
/// Bytes of a checksum.
pub(super) const SUM: usize = 8;
/// The latest version, which is written.
pub(super) const VERSION: u32 = 1;
/// The most bytes of a header: a model of 100 000 parameters has one of 10 MiB.
pub(super) const HEADER_CAP: usize = 16 << 20;

pub(super) const MAGIC: [u8; 8] = *b"\x89RMAT\r\n\x1a";
const END: [u8; 8] = *b"RMAT_END";
const LITTLE: u8 = b'<';

/// All but the numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    #[serde(deserialize_with = "text")]
    pub(super) model: String,
    /// Of parameters and moments: `f32` or `f64`.
    #[serde(deserialize_with = "text")]
    pub(super) dtype: String,
    /// Tells the parameters from those of other models: see [`layout`].
    pub(super) layout: u64,
    pub(super) seed: u64,
    /// Training calls that succeeded.
    pub(super) steps: u64,
    pub(super) optimizer: Option<OptimizerHeader>,
    pub(super) progress: Progress,
}

/// Of an optimizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct OptimizerHeader {
    #[serde(deserialize_with = "text")]
    pub(super) name: String,
    pub(super) steps: u64,
    pub(super) lr: f64,
}

/// Of a tensor, where it stands in a file. Axes are eight bytes each, so that what is read takes no more room than the
/// file.
#[derive(Serialize, Deserialize)]
struct Row<'a> {
    name: &'a str,
    shape: &'a [u8],
}

/// A text that is looked for in the file before it is given memory: as a `String` it would first get as much as it
/// claims to take.
fn text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    <&str>::deserialize(from).map(str::to_owned)
}

/// A checksum under way.
pub(super) struct Checksum(twox_hash::xxhash3_64::Hasher);

impl Checksum {
    /// Of the tensor at this place in the table.
    pub(super) fn of_tensor(place: usize) -> Self {
        Self(XxHash3_64::with_seed(place as u64 + 1))
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        std::hash::Hasher::write(&mut self.0, bytes);
    }

    pub(super) fn finish(&self) -> u64 {
        std::hash::Hasher::finish(&self.0)
    }
}

/// Text is added as it is written, and never held: that of a crafted tensor's axes may be longer than its file.
impl fmt::Write for Checksum {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.add(text.as_bytes());
        Ok(())
    }
}

/// The checksum of what is no tensor.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}

/// For each number of tensors, from none: what tells so many, the first, from others. It is the checksum of their names
/// and shapes.
pub(super) fn layouts(tensors: &[Tensor]) -> impl Iterator<Item = u64> {
    let mut sum = Checksum(XxHash3_64::with_seed(0));
    let none = sum.finish();
    let more = tensors.iter().map(move |Tensor { name, shape, .. }| {
        // A checksum takes all text.
        let _ = fmt::Write::write_fmt(&mut sum, format_args!("{name} {shape:?}\n"));
        sum.finish()
    });
    iter::once(none).chain(more)
}

/// What tells the parameters of a model from those of others.
pub(super) fn layout(params: &[Tensor]) -> u64 {
    layouts(params).last().unwrap_or_default()
}

/// Bytes of the section of a tensor whose numbers take `bytes`.
pub(super) fn section(bytes: u64) -> Option<u64> {
    bytes.checked_add(SUM as u64)?.checked_next_multiple_of(LINE as u64)
}

/// What the preamble says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Preamble {
    pub(super) header: u64,
    pub(super) file: u64,
    pub(super) checksum: u64,
    pub(super) tensors: u64,
}

/// Why a preamble is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Magic,
    Version(u32),
    ByteOrder(u8),
    Checksum,
    /// What should be zeros is not.
    Reserved,
}

impl Preamble {
    pub(super) fn bytes(self) -> [u8; LINE] {
        let mut bytes = [0; LINE];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12] = LITTLE;
        bytes[16..24].copy_from_slice(&self.header.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.file.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.checksum.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.tensors.to_le_bytes());
        summed(bytes)
    }

    pub(super) fn read(bytes: &[u8; LINE]) -> Result<Self, Refused> {
        let mut begun = *bytes;
        begun[..8].copy_from_slice(&MAGIC);
        // One that is all right but for its magic was a state once.
        if bytes[..8] != MAGIC && !is_summed(&begun) {
            return Err(Refused::Magic);
        }
        if !is_summed(bytes) {
            return Err(Refused::Checksum);
        }
        let version = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        if bytes[12] != LITTLE {
            return Err(Refused::ByteOrder(bytes[12]));
        }
        if version != VERSION {
            return Err(Refused::Version(version));
        }
        if bytes[13..16].iter().chain(&bytes[48..LINE - SUM]).any(|byte| *byte != 0) {
            return Err(Refused::Reserved);
        }
        Ok(Self {
            header: number(bytes, 16),
            file: number(bytes, 24),
            checksum: number(bytes, 32),
            tensors: number(bytes, 40),
        })
    }
}

/// The end mark behind so many tensors.
pub(super) fn end_mark(tensors: usize) -> [u8; LINE] {
    let mut bytes = [0; LINE];
    bytes[..8].copy_from_slice(&END);
    bytes[8..16].copy_from_slice(&(tensors as u64).to_le_bytes());
    summed(bytes)
}

fn number(bytes: &[u8; LINE], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn summed(mut bytes: [u8; LINE]) -> [u8; LINE] {
    let sum = checksum(&bytes[..LINE - SUM]);
    bytes[LINE - SUM..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

fn is_summed(bytes: &[u8; LINE]) -> bool {
    checksum(&bytes[..LINE - SUM]) == number(bytes, LINE - SUM)
}

impl Header {
    /// Its bytes, and those of the table behind it; nothing if they are too many.
    pub(super) fn bytes(&self, tensors: &[Tensor]) -> Option<Vec<u8>> {
        let mut bytes = bincode::serde::encode_to_vec(self, config()).ok()?;
        for Tensor { name, shape, .. } in tensors {
            let shape: Vec<u8> = shape.iter().flat_map(|dim| dim.to_le_bytes()).collect();
            let row = Row { name, shape: &shape };
            bytes.extend(bincode::serde::encode_to_vec(row, config()).ok()?);
        }
        (bytes.len() <= HEADER_CAP).then_some(bytes)
    }

    /// The header, and the table of so many tensors, that these bytes are, and no others.
    pub(super) fn read(mut bytes: &[u8], tensors: usize) -> Result<(Self, Vec<Tensor>), String> {
        let header = take(&mut bytes)?;
        // A tensor of the table takes two bytes or more, its lengths.
        let mut table = Vec::with_capacity(tensors.min(bytes.len() / 2));
        for _ in 0..tensors {
            let Row { name, shape } = take(&mut bytes)?;
            let (dims, rest) = shape.as_chunks::<8>();
            if !rest.is_empty() {
                return Err(format!("has half an axis of `{name}`"));
            }
            let shape = dims.iter().map(|dim| u64::from_le_bytes(*dim)).collect();
            table.push(Tensor::new(name.to_owned(), shape));
        }
        if bytes.is_empty() {
            Ok((header, table))
        } else {
            Err(format!("has {} bytes too many", bytes.len()))
        }
    }
}

/// Decodes a value from the front of `bytes`.
fn take<'a, T: Deserialize<'a>>(bytes: &mut &'a [u8]) -> Result<T, String> {
    let (value, read) = bincode::serde::borrow_decode_from_slice(bytes, config())
        .map_err(|error| format!("can't be decoded: {error}"))?;
    *bytes = &bytes[read..];
    Ok(value)
}

/// No value takes more than a header may have.
fn config() -> Configuration<LittleEndian, Varint, Limit<HEADER_CAP>> {
    bincode::config::standard().with_limit::<HEADER_CAP>()
}

/// The bytes of numbers as they stand in a file; and back again.
pub(super) fn little_endian<T: Element>(numbers: &mut [T]) -> &mut [u8] {
    let bytes = bytes_of_mut(numbers);
    if cfg!(target_endian = "big") {
        bytes.chunks_exact_mut(size_of::<T>()).for_each(<[u8]>::reverse);
    }
    bytes
}
