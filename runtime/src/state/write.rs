//! From buffers to a file.

use std::io::{self, Write};
use std::path::Path;

use super::Progress;
use super::atomic;
use super::flow::{self, Flow};
use super::format::{
    Checksum, Header, LINE, OptimizerHeader, Preamble, SUM, checksum, end_mark, layout, little_endian,
    section,
};
use super::inspect::Tensor;
use crate::device::{Device, Element, Span};
use crate::error::Error;
use crate::model::{Model, Param, ParamSpec};
use crate::optim::Moments;

/// Numbers that are copied at once: whole lines of every device.
pub(super) const CHUNK: usize = 1 << 18;

/// Room for them.
pub(super) fn buffer<T: Element>() -> Vec<T> {
    std::iter::repeat_n(T::default(), CHUNK).collect()
}

/// What is written of a tensor.
struct Source<'a, D: Device> {
    buf: &'a D::Buf,
    span: Span,
}

/// Writes a state.
pub(super) fn write<M: Model>(
    path: &Path,
    model: &M,
    moments: Option<Moments<'_, M::Device>>,
    progress: &Progress,
) -> Result<(), Error> {
    let core = model.core();
    let tensors = tensors::<M>(moments.as_ref());
    let header = header(model, moments.as_ref(), progress, &tensors[..M::PARAMS.len()]);
    let params = M::PARAMS.iter().map(|spec| Source { buf: &core.params, span: spec.span::<Param<M>>() });
    let moments = moments
        .iter()
        .flat_map(|moments| moments.list.iter().map(|moment| Source { buf: moments.buf, span: moment.span }));
    let sources: Vec<Source<'_, M::Device>> = params.chain(moments).collect();
    let failed = |error: io::Error| Error::file(path, "write", &error);
    let too_long =
        || failed(io::Error::other("its header is longer than 16 MiB: there are too many parameters"));
    let header_bytes = header.bytes(&tensors).ok_or_else(too_long)?;
    let padded = header_bytes.len().next_multiple_of(LINE);
    let sections =
        sources.iter().try_fold(0u64, |sum, source| sum.checked_add(section(source.span.bytes as u64)?));
    let file_bytes = sections.and_then(|sections| sections.checked_add((2 * LINE + padded) as u64));
    let preamble = Preamble {
        header: header_bytes.len() as u64,
        file: file_bytes.ok_or_else(|| failed(io::Error::from(io::ErrorKind::FileTooLarge)))?,
        checksum: checksum(&header_bytes),
        tensors: tensors.len() as u64,
    };
    replace(path, |file| {
        file.write_all(&preamble.bytes())?;
        file.write_all(&header_bytes)?;
        file.write_all(&[0; LINE][..padded - header_bytes.len()])?;
        let mut numbers = buffer::<Param<M>>();
        for (place, source) in sources.iter().enumerate() {
            tensor::<M::Device>(file, &core.device, source, place, &mut numbers)?;
        }
        Ok(file.write_all(&end_mark(sources.len()))?)
    })
}

/// Why nothing is written: what a device says is not the file's fault.
pub(super) enum Failure {
    File(io::Error),
    Device(Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Device(error)
    }
}

/// Replaces a file by what `write` writes, or says what failed.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut Flow<'_>) -> Result<(), Failure>,
) -> Result<(), Error> {
    let mut from_device = None;
    let mut told = |failure| match failure {
        Failure::File(error) => error,
        Failure::Device(error) => {
            from_device = Some(error);
            io::Error::other("the device failed")
        }
    };
    let written = atomic::replace(path, |file| flow::through(file, |file| write(file).map_err(&mut told)));
    written.map_err(|error| from_device.unwrap_or_else(|| Error::file(path, "write", &error)))
}

/// All but the numbers.
fn header<M: Model>(
    model: &M,
    moments: Option<&Moments<'_, M::Device>>,
    progress: &Progress,
    params: &[Tensor],
) -> Header {
    let core = model.core();
    Header {
        model: M::NAME.to_owned(),
        dtype: <Param<M> as Element>::NAME.to_owned(),
        layout: layout(params),
        seed: core.seed,
        steps: core.steps,
        optimizer: moments.map(|moments| OptimizerHeader {
            name: moments.optimizer.to_owned(),
            steps: moments.steps,
            lr: moments.lr,
        }),
        progress: progress.clone(),
    }
}

/// Writes the section of a tensor.
fn tensor<D: Device>(
    file: &mut Flow<'_>,
    device: &D,
    source: &Source<'_, D>,
    place: usize,
    numbers: &mut [D::Param],
) -> Result<(), Failure> {
    let mut sum = Checksum::of_tensor(place);
    numbers_of(device, source.buf, source.span, numbers, |bytes| {
        sum.add(bytes);
        file.write_all(bytes)
    })?;
    let used = source.span.bytes + SUM;
    file.write_all(&[0; LINE][..used.next_multiple_of(LINE) - used])?;
    Ok(file.write_all(&sum.finish().to_le_bytes())?)
}

/// Gives `write` the numbers at a span as they stand in a file, through the room in `numbers`.
pub(super) fn numbers_of<D: Device>(
    device: &D,
    buf: &D::Buf,
    span: Span,
    numbers: &mut [D::Param],
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), Failure> {
    for span in chunks::<D::Param>(span) {
        let numbers = &mut numbers[..span.bytes / size_of::<D::Param>()];
        device.download(numbers, D::view(D::region(buf, span)?))?;
        write(little_endian(numbers))?;
    }
    Ok(())
}

/// A span in parts of at most [`CHUNK`] elements.
pub(super) fn chunks<T>(span: Span) -> impl Iterator<Item = Span> {
    let most = CHUNK * size_of::<T>();
    (0..span.bytes)
        .step_by(most)
        .map(move |at| Span { start: span.start + at, bytes: most.min(span.bytes - at) })
}

/// The table of a model, and of its optimizer's moments.
pub(super) fn tensors<M: Model>(moments: Option<&Moments<'_, M::Device>>) -> Vec<Tensor> {
    let shape = |spec: &ParamSpec| spec.shape.iter().map(|dim| *dim as u64).collect();
    let params = M::PARAMS.iter().map(|spec| Tensor::new(spec.path.to_owned(), shape(spec)));
    let moments = moments.iter().flat_map(|moments| &moments.list).filter_map(|moment| {
        let spec = M::PARAMS.get(moment.param)?;
        Some(Tensor::new(format!("{} of {}", moment.name, spec.path), shape(spec)))
    });
    params.chain(moments).collect()
}
