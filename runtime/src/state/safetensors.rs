//! Weights in the format of Hugging Face's safetensors: to PyTorch and from it.
//!
//! Names and layouts of parameters are PyTorch's, so that a network declared alike exchanges its weights as they are; a
//! closure renames what another program calls otherwise. Parameters that are tied are written once, under the name
//! where they are declared.
//!
//! ```
//! use remat::prelude::*;
//! use remat::state::safetensors;
//!
//! model! {
//!     Net {
//!         input  x: f32[4];
//!         target y: f32[4];
//!         body: repeat(2) { fc: Linear(4); Gelu; }
//!         loss: Mse <- (body, y);
//!     }
//! }
//!
//! fn main() -> Result<(), Error> {
//!     let cpu = Cpu::new()?;
//!     let (net, mut other) = (Net::new(&cpu, 1)?, Net::new(&cpu, 2)?);
//!     # let path = std::env::temp_dir().join(format!("remat-{}.safetensors", std::process::id()));
//!     // `body.0.fc.weight` here is `h.0.weight` there.
//!     let there = |name: &str| name.replace("body.", "h.").replace(".fc", "");
//!     safetensors::save(&path, &net, there)?;
//!     safetensors::load(&path, &mut other, there)?;
//!     assert_eq!(net.params().get("body.1.fc.bias")?, other.params().get("body.1.fc.bias")?);
//!     # std::fs::remove_file(&path).unwrap();
//!     Ok(())
//! }
//! ```

mod header;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use ndarray::ArrayView1;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::write::{CHUNK, buffer, chunks, numbers_of, replace};
use crate::device::{Device, Real};
use crate::error::Error;
use crate::model::{Core, Model, Param, ParamSpec, names};
use crate::ops::load::cpu::{bf16, f16};

/// What of a file and of a model does not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Parameters that the file does not have, under the names that were looked for.
    pub missing: Vec<String>,
    /// Tensors that no parameter is called like.
    pub unexpected: Vec<String>,
    /// Tensors of another shape than their parameter.
    pub misshaped: Vec<Misshaped>,
    /// Tensors of numbers that are no weights, as integers.
    pub mistyped: Vec<Mistyped>,
    /// Names of two tensors that are one tied parameter here, and are not the same there. The first is what fits.
    pub untied: Vec<[String; 2]>,
}

/// A tensor of another shape than its parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misshaped {
    /// Its name in the file.
    pub name: String,
    /// The parameter's axes.
    pub expected: Vec<usize>,
    /// The file's.
    pub found: Vec<usize>,
}

/// A tensor of numbers that are no weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistyped {
    /// Its name in the file.
    pub name: String,
    /// The type of its numbers, as the format calls it.
    pub found: String,
}

impl Report {
    /// Whether everything fits.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
        let shape = |one: &Misshaped| {
            format!("`{}` has shape {:?} and should have {:?}", one.name, one.found, one.expected)
        };
        let of = |one: &Mistyped| format!("`{}` is of {}", one.name, one.found);
        let pair = |[one, other]: &[String; 2]| format!("`{one}` and `{other}`");
        let parts = [
            ("missing", named(&self.missing)),
            ("unexpected", named(&self.unexpected)),
            ("of another shape", self.misshaped.iter().map(shape).collect()),
            ("of a type that is no weight's", self.mistyped.iter().map(of).collect()),
            ("tied here and not there", self.untied.iter().map(pair).collect()),
        ];
        let parts = parts.into_iter().filter(|(_, all)| !all.is_empty());
        let parts: Vec<String> = parts.map(|(word, all)| format!("{word}: {}", few(&all))).collect();
        f.write_str(&if parts.is_empty() { String::from("all fit") } else { parts.join("; ") })
    }
}

/// A list, of which a long one is cut off.
fn few(all: &[String]) -> String {
    /// How many are told.
    const FEW: usize = 5;
    let told = all[..all.len().min(FEW)].join(", ");
    if all.len() > FEW { format!("{told} and {} more", all.len() - FEW) } else { told }
}

/// Writes the parameters, each under the name that `rename` gives to its path; whole or not at all.
///
/// # Errors
/// [`Error::Argument`] if two get one name, or one `__metadata__`, which the format keeps for itself; [`Error::File`], also
/// for names that are too long to be read again; the device's own.
pub fn save<M: Model>(
    path: impl AsRef<Path>,
    model: &M,
    rename: impl Fn(&str) -> String,
) -> Result<(), Error> {
    let path = path.as_ref();
    let dtype = if size_of::<Param<M>>() == 8 { Dtype::F64 } else { Dtype::F32 };
    let (mut infos, mut seen, mut at) = (Vec::new(), BTreeMap::new(), 0);
    for spec in M::PARAMS {
        let name = rename(spec.path);
        if name == METADATA {
            let found = format!("`{name}` for `{}`", spec.path);
            return Err(Error::argument("rename", "a name that the format does not keep for itself", found));
        }
        if let Some(other) = seen.insert(name.clone(), spec.path) {
            let found = format!("`{name}` for `{other}` and for `{}`", spec.path);
            return Err(Error::argument("rename", "a name of its own for each parameter", found));
        }
        let end = at + spec.span::<Param<M>>().bytes;
        infos.push((name, TensorInfo { dtype, shape: spec.shape.to_vec(), data_offsets: (at, end) }));
        at = end;
    }
    let failed = |message: String| Error::File { path: path.to_owned(), action: "write", message };
    let metadata = Metadata::new(None, infos).map_err(|error| failed(error.to_string()))?;
    let mut header = serde_json::to_vec(&metadata).map_err(|error| failed(error.to_string()))?;
    header.resize(header.len().next_multiple_of(8), b' ');
    if header.len() as u64 > MOST {
        return Err(failed(String::from("its header is longer than 16 MiB: there are too many parameters")));
    }
    let core = model.core();
    replace(path, |file| {
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        let mut numbers = buffer::<Param<M>>();
        for spec in M::PARAMS {
            let span = spec.span::<Param<M>>();
            numbers_of(&core.device, &core.params, span, &mut numbers, |bytes| file.write_all(bytes))?;
        }
        Ok(())
    })
}

/// Reads all parameters, each from the tensor that `rename` gives to its path, or to its path as a tied one; if it is there
/// under both, they must be the same. Numbers of another type (`F64`, `F32`, `F16`, `BF16`) are converted, rounded once
/// where they have to be. Any file, whoever made it up, takes at most 16 times its header to read, and 4 MiB for the buffers
/// that numbers pass through; a header is at most 16 MiB.
///
/// # Errors
/// Those that change nothing: [`Error::Weights`] unless every parameter is there in its shape, and nothing else is;
/// [`Error::NotWeights`] or [`Error::Damaged`] for what is no such file; [`Error::File`]. If the file can't be
/// read to its end, or the device fails, the parameters hold a part of it.
pub fn load<M: Model>(
    path: impl AsRef<Path>,
    model: &mut M,
    rename: impl Fn(&str) -> String,
) -> Result<(), Error> {
    let path = path.as_ref();
    let mut weights = Weights::open::<M>(path, rename)?;
    if weights.report.is_empty() {
        weights.copy(model)
    } else {
        Err(Error::Weights { path: path.to_owned(), report: Box::new(weights.report) })
    }
}

/// Reads the parameters that are there in their shape, and says what does not fit; see [`load`].
///
/// # Errors
/// As [`load`], but for [`Error::Weights`].
pub fn load_partial<M: Model>(
    path: impl AsRef<Path>,
    model: &mut M,
    rename: impl Fn(&str) -> String,
) -> Result<Report, Error> {
    let mut weights = Weights::open::<M>(path.as_ref(), rename)?;
    weights.copy(model)?;
    Ok(weights.report)
}

/// A file, and which of its tensors is which parameter.
struct Weights<'a> {
    path: &'a Path,
    file: File,
    /// Where tensors begin.
    start: u64,
    /// Parameters that fit, and their tensors.
    fit: Vec<(&'static ParamSpec, TensorInfo)>,
    report: Report,
}

/// The most bytes of a header: that of 100 000 tensors has some 10 MiB. More are refused before they are decoded, as that
/// takes a multiple of their memory.
const MOST: u64 = 16 << 20;

/// What is no tensor, but what programs say of them.
const METADATA: &str = "__metadata__";

impl<'a> Weights<'a> {
    fn open<M: Model>(path: &'a Path, rename: impl Fn(&str) -> String) -> Result<Self, Error> {
        let failed = |error| Error::file(path, "read", &error);
        let mut file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let mut begun = Vec::new();
        (&file).take(9).read_to_end(&mut begun).map_err(failed)?;
        let (Some(length), Some(brace)) = (begun.first_chunk(), begun.get(8)) else {
            return Err(damaged(path, "is cut off"));
        };
        if *brace != b'{' {
            let found = format!("\"{}\"", begun.escape_ascii());
            return Err(Error::NotWeights { path: path.to_owned(), found });
        }
        let length = u64::from_le_bytes(*length);
        if length > MOST.min(bytes - 8) {
            return Err(damaged(path, "is said to be longer than the file, or than 16 MiB"));
        }
        file.seek(SeekFrom::Start(8)).map_err(failed)?;
        let mut header = vec![0; usize::try_from(length).unwrap_or_default()];
        file.read_exact(&mut header).map_err(failed)?;
        let mut tensors = header::read(&header).map_err(|what| damaged(path, &what))?;
        drop(header);
        let start = 8 + length;
        let said = header::check(&tensors).map_err(|what| damaged(path, &what))?;
        if said != bytes - start {
            return Err(damaged(path, &format!("says that {said} bytes follow, and {} do", bytes - start)));
        }
        let (mut fit, mut report) = (Vec::new(), Report::default());
        for spec in M::PARAMS {
            let mut there = names::names(spec).map(&rename).filter_map(|name| tensors.remove_entry(&name));
            let Some((name, info)) = there.next() else {
                report.missing.push(rename(spec.path));
                continue;
            };
            for (other, its) in there {
                if !same(&mut file, start, &info, &its).map_err(failed)? {
                    report.untied.push([name.clone(), other]);
                }
            }
            if width(info.dtype).is_none() {
                report.mistyped.push(Mistyped { name, found: info.dtype.to_string() });
            } else if info.shape == spec.shape {
                fit.push((spec, info));
            } else {
                report.misshaped.push(Misshaped { name, expected: spec.shape.to_vec(), found: info.shape });
            }
        }
        report.unexpected = tensors.into_keys().collect();
        Ok(Self { path, file, start, fit, report })
    }

    /// Copies what fits.
    fn copy<M: Model>(&mut self, model: &mut M) -> Result<(), Error> {
        let Core { device, params, .. } = model.core_mut();
        let mut numbers = buffer::<Param<M>>();
        let mut bytes = vec![0; CHUNK * size_of::<f64>()];
        for (spec, info) in &self.fit {
            let width = width(info.dtype).unwrap_or_default();
            let start = self.start + info.data_offsets.0 as u64;
            self.file.seek(SeekFrom::Start(start)).map_err(|error| Error::file(self.path, "read", &error))?;
            for span in chunks::<Param<M>>(spec.span::<Param<M>>()) {
                let numbers = &mut numbers[..span.bytes / size_of::<Param<M>>()];
                let bytes = &mut bytes[..numbers.len() * width];
                self.file.read_exact(bytes).map_err(|error| Error::file(self.path, "read", &error))?;
                for (to, from) in numbers.iter_mut().zip(bytes.chunks_exact(width)) {
                    *to = <Param<M> as Real>::from_f64(number(info.dtype, from));
                }
                let ([], [to]) = <M::Device as Device>::split(params, [], [span])?;
                device.upload(<M::Device as Device>::view_mut(to), ArrayView1::from(&*numbers))?;
            }
        }
        Ok(())
    }
}

/// Whether two tensors are alike, bit for bit.
fn same(file: &mut File, start: u64, one: &TensorInfo, other: &TensorInfo) -> io::Result<bool> {
    if (one.dtype, &one.shape) != (other.dtype, &other.shape) {
        return Ok(false);
    }
    let len = one.data_offsets.1 - one.data_offsets.0;
    let mut parts = [(); 2].map(|()| vec![0; CHUNK.min(len)]);
    for at in (0..len).step_by(CHUNK) {
        let bytes = CHUNK.min(len - at);
        for (part, info) in parts.iter_mut().zip([one, other]) {
            file.seek(SeekFrom::Start(start + (info.data_offsets.0 + at) as u64))?;
            file.read_exact(&mut part[..bytes])?;
        }
        if parts[0][..bytes] != parts[1][..bytes] {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Bytes of a number; nothing if it is no weight.
fn width(dtype: Dtype) -> Option<usize> {
    match dtype {
        Dtype::F64 => Some(8),
        Dtype::F32 => Some(4),
        Dtype::F16 | Dtype::BF16 => Some(2),
        _ => None,
    }
}

/// The number that these bytes are; 0 if they are none.
fn number(dtype: Dtype, bytes: &[u8]) -> f64 {
    let half = || bytes.first_chunk().map_or(0, |bytes| u16::from_le_bytes(*bytes));
    match dtype {
        Dtype::F64 => bytes.first_chunk().map_or(0.0, |bytes| f64::from_le_bytes(*bytes)),
        Dtype::F32 => bytes.first_chunk().map_or(0.0, |bytes| f32::from_le_bytes(*bytes)).into(),
        Dtype::F16 => f16(half()).into(),
        Dtype::BF16 => bf16(half()).into(),
        _ => 0.0,
    }
}

fn damaged(path: &Path, what: &str) -> Error {
    Error::Damaged { path: path.to_owned(), section: String::from("its header"), what: what.to_owned() }
}

#[cfg(test)]
mod tests;
