//! From a file to buffers, with everything checked before anything changes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ndarray::ArrayView1;

use super::TOO_FAR;
use super::format::{
    Checksum, HEADER_CAP, Header, LINE, MAGIC, Preamble, Refused, SUM, VERSION, checksum, end_mark, layouts,
    little_endian, section,
};
use super::inspect::Tensor;
use super::write::{CHUNK, buffer, chunks, tensors};
use crate::arena::bytes_of_mut;
use crate::device::{Device, Element, Real, Span};
use crate::error::Error;
use crate::model::{Core, Model, Param};
use crate::optim::{Moments, Optimizer};

/// A state file whose header is read.
pub(super) struct Reader {
    path: PathBuf,
    file: File,
    pub(super) header: Header,
    /// Parameters in order of declaration, then moments.
    pub(super) tensors: Vec<Tensor>,
    /// How many of them are parameters.
    params: usize,
    /// Where the first tensor's section begins: the others follow, each behind the one before. A table of places would take
    /// more memory than the file where tensors have no numbers.
    start: u64,
    /// Bytes of the file.
    pub(super) bytes: u64,
}

impl Reader {
    /// Reads all but the tensors.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |error: io::Error| Error::file(path, "read", &error);
        let mut file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let mut preamble = [0; LINE];
        let read = fill(&mut file, &mut preamble).map_err(failed)?;
        let Preamble { header: header_bytes, file: said, checksum: sum, tensors } =
            Preamble::read(&preamble).map_err(|why| refused(path, why, &preamble[..read]))?;
        if said != bytes {
            return Err(damaged(path, "the file", format!("has {bytes} bytes and should have {said}")));
        }
        let in_header = |what: &str| damaged(path, "its header", what);
        let capped = usize::try_from(header_bytes).ok().filter(|bytes| *bytes <= HEADER_CAP);
        let header_bytes = capped.ok_or_else(|| in_header("is said to be longer than 16 MiB"))?;
        let padded = header_bytes.next_multiple_of(LINE);
        if ((LINE + padded) as u64) > bytes {
            return Err(in_header("is cut off"));
        }
        let mut buffer = vec![0; padded];
        file.read_exact(&mut buffer).map_err(failed)?;
        let (header, padding) = buffer.split_at(header_bytes);
        if checksum(header) != sum || padding.iter().any(|byte| *byte != 0) {
            return Err(in_header("does not have its checksum"));
        }
        // Each has a section, so that a table of more is none of this file.
        let most = (bytes - (LINE + padded) as u64) / LINE as u64;
        let tensors = usize::try_from(tensors).ok().filter(|_| tensors <= most);
        let tensors =
            tensors.ok_or_else(|| in_header("is said to have more tensors than the file has room for"))?;
        let (header, tensors) = Header::read(header, tensors).map_err(|what| in_header(&what))?;
        let steps = header.optimizer.iter().map(|optimizer| optimizer.steps).chain([header.steps]);
        if let Some(steps) = steps.max().filter(|steps| *steps >= TOO_FAR) {
            return Err(in_header(&format!("says that {steps} steps were taken")));
        }
        if let Some((what, count)) = header.progress.too_far() {
            return Err(in_header(&format!("says that training is at {count} {what}")));
        }
        let params = parameters(&header, &tensors)
            .ok_or_else(|| in_header("has a layout that is not that of its tensors"))?;
        let start = (LINE + padded) as u64;
        check_sections(&header, &tensors, start, bytes).map_err(|what| in_header(&what))?;
        Ok(Self { path: path.to_owned(), file, header, tensors, params, start, bytes })
    }

    /// That it is of this model.
    pub(super) fn check_model<M: Model>(&self) -> Result<(), Error> {
        let (path, header) = (self.path.clone(), &self.header);
        if header.model != M::NAME {
            return Err(Error::StateModel {
                path,
                expected: M::NAME.to_owned(),
                found: header.model.clone(),
            });
        }
        if header.dtype != <Param<M> as Element>::NAME {
            let (expected, found) = (<Param<M> as Element>::NAME, header.dtype.clone());
            return Err(Error::StateDtype { path, expected, found });
        }
        if let Some((expected, found)) = difference(&tensors::<M>(None), &self.tensors[..self.params]) {
            return Err(Error::StateLayout { path, expected, found });
        }
        Ok(())
    }

    /// That it is of this optimizer, of a model that it is of.
    pub(super) fn check_optimizer<M: Model>(&self, moments: &Moments<'_, M::Device>) -> Result<(), Error> {
        let refuse = |expected: String, found: String| {
            Err(Error::StateOptimizer { path: self.path.clone(), expected, found })
        };
        let own = format!("`{}`", moments.optimizer);
        let Some(optimizer) = &self.header.optimizer else {
            return refuse(own, String::from("no optimizer"));
        };
        let theirs = format!("`{}`", optimizer.name);
        if optimizer.name != moments.optimizer {
            return refuse(own, theirs);
        }
        if let Some((expected, found)) = difference(&tensors::<M>(Some(moments)), &self.tensors) {
            return refuse(format!("{own} with {expected}"), format!("{theirs} with {found}"));
        }
        if !(optimizer.lr.is_finite() && optimizer.lr >= 0.0) {
            return Err(damaged(
                &self.path,
                "its header",
                format!("says that the learning rate is {}", optimizer.lr),
            ));
        }
        Ok(())
    }

    /// That every tensor has its checksum, which it is given in the table, and the end mark is there.
    pub(super) fn check_tensors(&mut self) -> Result<(), Error> {
        let mut buffer = vec![0; CHUNK * size_of::<f32>()];
        self.seek_first()?;
        for place in 0..self.tensors.len() {
            let mut sum = Checksum::of_tensor(place);
            let mut left = self.bytes_of(place);
            while left > 0 {
                let part =
                    &mut buffer[..usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK * size_of::<f32>())];
                self.file.read_exact(part).map_err(|error| Error::file(&self.path, "read", &error))?;
                sum.add(part);
                left -= part.len() as u64;
            }
            self.check_end(place, sum.finish())?;
            self.tensors[place].checksum = sum.finish();
        }
        let mut end = [0; LINE];
        self.file.read_exact(&mut end).map_err(|error| Error::file(&self.path, "read", &error))?;
        if end != end_mark(self.tensors.len()) {
            return Err(damaged(&self.path, "its end mark", "is not what it should be"));
        }
        Ok(())
    }

    /// Goes to the first tensor.
    fn seek_first(&mut self) -> Result<(), Error> {
        let sought = self.file.seek(SeekFrom::Start(self.start));
        sought.map(drop).map_err(|error| Error::file(&self.path, "read", &error))
    }

    /// How many bytes the numbers of a tensor are.
    fn bytes_of(&self, place: usize) -> u64 {
        // They were all in the file when it was opened.
        width(&self.header).and_then(|width| numbers(width, &self.tensors[place].shape)).unwrap_or_default()
    }

    /// Reads what stands behind the numbers of a tensor: zeros, then their checksum.
    fn check_end(&mut self, place: usize, sum: u64) -> Result<(), Error> {
        let mut end = [0; 2 * LINE];
        let used = (self.bytes_of(place) % LINE as u64) as usize;
        let rest = &mut end[..(used + SUM).next_multiple_of(LINE) - used];
        self.file.read_exact(rest).map_err(|error| Error::file(&self.path, "read", &error))?;
        let (zeros, said) = rest.split_at(rest.len() - SUM);
        if zeros.iter().any(|byte| *byte != 0) || said != sum.to_le_bytes() {
            let section = format!("its tensor `{}`", self.tensors[place].name);
            return Err(damaged(&self.path, section, "does not have its checksum"));
        }
        Ok(())
    }

    /// Copies the parameters, the seed and the count of steps into a model that it is of. The moments come next.
    pub(super) fn copy_params<M: Model>(&mut self, model: &mut M) -> Result<(), Error> {
        self.seek_first()?;
        let mut numbers = buffer::<Param<M>>();
        let (seed, steps) = (self.header.seed, self.header.steps);
        let core = model.core_mut();
        let Core { device, params, .. } = &mut *core;
        for (place, spec) in M::PARAMS.iter().enumerate() {
            self.copy::<M::Device>(place, device, params, spec.span::<Param<M>>(), &mut numbers)?;
        }
        (core.seed, core.steps) = (seed, steps);
        Ok(())
    }

    /// Copies the moments, the count of steps and the rate into an optimizer that it is of, once the parameters are copied.
    pub(super) fn copy_moments<M: Model>(
        &mut self,
        model: &M,
        optimizer: &mut impl Optimizer<M>,
    ) -> Result<(), Error> {
        let mut numbers = buffer::<Param<M>>();
        let spans: Vec<Span> = optimizer.moments().list.iter().map(|moment| moment.span).collect();
        let to = optimizer.moments_mut();
        for (place, span) in (M::PARAMS.len()..).zip(spans) {
            self.copy::<M::Device>(place, &model.core().device, to.buf, span, &mut numbers)?;
        }
        if let Some(header) = &self.header.optimizer {
            (*to.steps, *to.lr) = (header.steps, header.lr);
        }
        Ok(())
    }

    /// Copies the tensor that comes next.
    fn copy<D: Device>(
        &mut self,
        place: usize,
        device: &D,
        buf: &mut D::Buf,
        span: Span,
        numbers: &mut [D::Param],
    ) -> Result<(), Error>
    where
        D::Param: Real,
    {
        let mut sum = Checksum::of_tensor(place);
        for span in chunks::<D::Param>(span) {
            let numbers = &mut numbers[..span.bytes / size_of::<D::Param>()];
            let bytes = bytes_of_mut(numbers);
            self.file.read_exact(bytes).map_err(|error| Error::file(&self.path, "read", &error))?;
            sum.add(bytes);
            // Turned into numbers of this machine where they lie.
            little_endian(numbers);
            let ([], [to]) = D::split(buf, [], [span])?;
            device.upload(D::view_mut(to), ArrayView1::from(&*numbers))?;
        }
        self.check_end(place, sum.finish())
    }
}

/// Reads until the buffer is full or the file ends; how much that was.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read(&mut buffer[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// Bytes of a number.
fn width(header: &Header) -> Option<u64> {
    match header.dtype.as_str() {
        "f32" => Some(4),
        "f64" => Some(8),
        _ => None,
    }
}

/// Bytes of the numbers of a tensor of this shape, each of which has so many.
fn numbers(width: u64, shape: &[u64]) -> Option<u64> {
    shape.iter().try_fold(1u64, |product, dim| product.checked_mul(*dim))?.checked_mul(width)
}

/// That the sections of tensors, the first at `at`, fill a file of `bytes` up to its end mark.
fn check_sections(header: &Header, tensors: &[Tensor], mut at: u64, bytes: u64) -> Result<(), String> {
    let width = width(header).ok_or_else(|| format!("says that numbers are `{}`", header.dtype))?;
    for Tensor { name, shape, .. } in tensors {
        let numbers = numbers(width, shape);
        let end = numbers.and_then(|numbers| at.checked_add(section(numbers)?)).filter(|end| *end <= bytes);
        at = end.ok_or_else(|| format!("says that `{name}` ends behind the file"))?;
    }
    if at.checked_add(LINE as u64) != Some(bytes) {
        return Err(String::from("says that the tensors end elsewhere than the file"));
    }
    Ok(())
}

/// How many tensors of a header are parameters: those that its layout is of. Only with an optimizer others follow.
fn parameters(header: &Header, tensors: &[Tensor]) -> Option<usize> {
    let params = layouts(tensors).position(|layout| layout == header.layout)?;
    (header.optimizer.is_some() || params == tensors.len()).then_some(params)
}

/// The first tensor that differs, in words: what is expected, and what is there.
fn difference(expected: &[Tensor], found: &[Tensor]) -> Option<(String, String)> {
    let count = expected.len().max(found.len());
    let alike = |at: usize| Some(expected.get(at)?.is_like(found.get(at)?));
    let at = (0..count).find(|at| alike(*at) != Some(true))?;
    Some((describe(expected.get(at)), describe(found.get(at))))
}

/// In words that no file makes long: of a name, or of axes, more than a hundred are cut off.
fn describe(tensor: Option<&Tensor>) -> String {
    let Some(Tensor { name, shape, .. }) = tensor else { return String::from("nothing more") };
    let more = |count: usize| if count > 100 { "…" } else { "" };
    let (letters, axes) = (name.chars().count(), shape.len());
    let (told, shape) = (name.chars().take(100).collect::<String>(), &shape[..axes.min(100)]);
    format!("`{told}{}` {shape:?}{}", more(letters), more(axes))
}

fn refused(path: &Path, why: Refused, bytes: &[u8]) -> Error {
    let path = path.to_owned();
    match why {
        Refused::Magic if !bytes.is_empty() && MAGIC.starts_with(bytes) => {
            damaged(&path, "its preamble", "is cut off")
        }
        Refused::Magic if bytes.is_empty() => {
            Error::NotState { path, found: String::from("nothing: it is empty") }
        }
        Refused::Magic => {
            Error::NotState { path, found: format!("\"{}\"", bytes[..bytes.len().min(8)].escape_ascii()) }
        }
        Refused::Version(found) => Error::StateVersion { path, supported: VERSION, found },
        Refused::ByteOrder(found) => Error::StateByteOrder { path, found },
        Refused::Checksum if bytes.len() < LINE => damaged(&path, "its preamble", "is cut off"),
        Refused::Checksum => damaged(&path, "its preamble", "does not have its checksum"),
        Refused::Reserved => damaged(&path, "its preamble", "has something where zeros should be"),
    }
}

fn damaged(path: &Path, section: impl Into<String>, what: impl Into<String>) -> Error {
    Error::Damaged { path: path.to_owned(), section: section.into(), what: what.into() }
}
