//! NVIDIA GPUs.
//!
//! Needs a GPU of compute capability 8.0 or newer, a driver for CUDA 12.4 or newer, and `libnvrtc` and `libcublasLt` of CUDA
//! 13 (if the driver is for that) or 12: from `REMAT_CUDA_LIB_DIR`, where the system looks, `CUDA_HOME`, or the packages of a
//! Python environment (`pip install nvidia-cuda-nvrtc nvidia-cublas`; `nvidia-cuda-nvrtc-cu12 nvidia-cublas-cu12`). Nothing of
//! it is needed to build.
//!
//! # Elements of two bytes
//!
//! `Cuda::new(0)?` holds activations in f32. `Cuda::new(0)?.bf16()` is the same GPU with activations and their gradients in
//! [`bf16`], half the bytes: numbers of the range of f32 with 8 significant bits. A model is made with one or the other:
//! `Gpt::new(&Cuda::new(0)?.bf16(), 42)`.
//!
//! - Parameters, their gradients, what optimizers hold, losses and statistics of rows stay f32, and so do state files: what
//!   one device has saved goes on on another, with the same parameters.
//! - All arithmetic is in f32, and so are all sums. What a layer gives is rounded once, when it is written, to the nearest
//!   bf16, to even if two are as near. A gradient that is added to another is rounded after the addition, not before.
//! - Inputs declared `f32` are given in f32 and are rounded as they are copied; what is read back is exact.
//! - The products of [`Linear`](crate::ops::linear) are of bf16 too: in each call its weight and bias are rounded into room
//!   that the plan has for them. The gradient of the weight is a sum in f32 that is not rounded.
//! - A layer that is run together with the one before it (an activation behind a `Linear`) reads what that has rounded.
//!
//! So answers differ from those in f32 as rounding does: each number that is written is up to 2^-8 of itself from what was
//! computed. They do not differ from plan to plan, nor from run to run. Scaling the loss is not needed: what f32 can hold,
//! bf16 can.
//!
//! Attention is computed by tensor cores: sums are f32, but the weights of keys, and the gradients of scores, are rounded
//! to bf16 where they are multiplied. So what it gives is off from sums in f32 by up to 2^-8 of the sum of its terms' sizes.
//! Heads of more than 256 features have kernels of their own, which round nothing on the way, and are not fast: they make
//! the scores again for each 128 features of what they give, without tensor cores.
//!
//! # Kernels
//!
//! Kernels are compiled for either type when they are first used, and kept in the user's cache (`REMAT_CUDA_CACHE` says
//! another folder, or none if it is empty). All work of a device, and of its clones, is given to one stream in order; a call
//! returns before its kernels have run, except those that bring numbers to the host. What `store = host` keeps in page-locked
//! memory is copied by a second stream, each copy between two events. A program that comes again in the
//! same workspace, with as many samples and the same parameters, is captured in a CUDA graph when it comes for the second
//! time, and is one launch from then on; inputs go through page-locked memory, and nobody waits for them.
//!
//! What would be read once more is done in one kernel, where no bit depends on it: a bias in the product that it is added
//! to; a dropout, the sum behind it and the [`LayerNorm`](crate::ops::layer_norm) behind that; an activation and the dropout
//! behind it, forward and backward; a [`CrossEntropy`](crate::ops::cross_entropy) and its backward; the gradient of what a
//! norm reads and those of its parameters; the gradient of what an activation or a dropout reads and that of the bias before
//! it; the update of all parameters.
//!
//! A step of a [`Trainer`](crate::train::Trainer), or of [`train::step`](crate::train::step), is one such program: forward,
//! backward, the norm, clipping, and the optimizer, which changes nothing if the loss or the norm is not finite. The host
//! waits once for it, for what it reports. A step on several batches is one for each batch.

mod blas;
pub(crate) mod columns;
mod compile;
mod elem;
pub(crate) mod elementwise;
mod exchange;
mod graphs;
mod host;
mod launch;
mod library;
mod memory;
mod partials;
mod pinned;
mod rows;
mod staging;

use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

use cudarc::driver::{CudaContext, CudaStream, DriverError, sys};
use ndarray::{ArrayView, Dimension};

use crate::arena::{LINE, bytes_of};
use crate::device::{Device, Element, Layout, Repeat, Report, Span, Work, same_length};
use crate::error::Error;
use blas::Blas;
pub(crate) use blas::{BYTES as SCRATCH, Product, Start};
pub(crate) use compile::Source;
pub use compile::{Compiled, compile_all};
pub use elem::Elem;
use exchange::Exchange;
pub use graphs::Graphs;
use graphs::Within;
pub use half::bf16;
pub use host::Host;
pub(crate) use launch::{Argument, Function, Grid};
pub(crate) use memory::Address;
pub use memory::{Memory, Place, PlaceMut, View, ViewMut};
pub(crate) use partials::PARTIALS;
pub(crate) use rows::Rows;
use staging::Staging;

/// A GPU as a device; `E` is the type of activations and of their gradients, `f32` or [`bf16`].
///
/// A clone is another handle to the same GPU and stream, so one `Cuda` may be shared by several threads that train.
#[derive(Debug)]
pub struct Cuda<E = f32> {
    gpu: Arc<Gpu>,
    elem: PhantomData<fn() -> E>,
}

impl<E> Clone for Cuda<E> {
    fn clone(&self) -> Self {
        Self { gpu: Arc::clone(&self.gpu), elem: PhantomData }
    }
}

/// What work is given to: a stream of a GPU, and one for copies between the GPU and the host behind it.
#[derive(Debug)]
pub(crate) struct Gpu {
    common: Arc<Common>,
    stream: Arc<CudaStream>,
    copies: Arc<CudaStream>,
    /// What the work is part of.
    within: Within,
    /// What would have been given to the stream, if that is noted instead.
    note: Mutex<Vec<u8>>,
}

/// A GPU, and what was made of it for this process.
#[derive(Debug)]
struct Common {
    context: Arc<CudaContext>,
    name: String,
    /// What kernels are compiled for: `sm_90`.
    arch: String,
    multiprocessors: usize,
    kernels: launch::Shared,
    staging: Mutex<Staging>,
    blas: Mutex<Blas>,
    exchange: Mutex<Exchange>,
}

impl Gpu {
    /// Makes its context that of the calling thread.
    fn bind(&self) -> Result<(), Error> {
        bind(&self.common.context)
    }

    /// How many blocks share what `most` could do: no more than keep every multiprocessor at work, each of which goes on
    /// with a stride.
    pub(crate) fn blocks(&self, most: usize) -> usize {
        most.min(8 * self.common.multiprocessors).max(1)
    }
}

/// Makes a context that of the calling thread.
fn bind(context: &CudaContext) -> Result<(), Error> {
    context.bind_to_thread().map_err(|error| failed("to use its context", &error))
}

/// What the driver says when it was asked for something.
fn failed(what: &str, error: &DriverError) -> Error {
    // A code that the driver has no name for has none to be told.
    let words = error.error_string().map(|words| words.to_string_lossy().into_owned()).unwrap_or_default();
    let name = error.error_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_else(|_| format!("code {}", error.0 as u32));
    Error::Gpu { action: what.to_owned(), message: format!("{name}: {words}") }
}

impl Cuda<f32> {
    /// The GPU of this number, from 0.
    ///
    /// # Errors
    /// [`Error::Library`] if the driver or a library of CUDA can't be loaded, or is none for this driver or GPU,
    /// [`Error::NoGpu`] if there is no GPU of this number, [`Error::Argument`] if the driver or the GPU is too old, or the
    /// system has another library than is asked for, and [`Error::Gpu`] for what else the driver says.
    pub fn new(ordinal: usize) -> Result<Self, Error> {
        library::driver()?;
        let count = cudarc::driver::result::init().and_then(|()| CudaContext::device_count());
        let count = match count {
            Ok(count) => usize::try_from(count).unwrap_or(0),
            Err(DriverError(sys::CUresult::CUDA_ERROR_NO_DEVICE)) => 0,
            Err(error) => return Err(failed("to start", &error)),
        };
        if ordinal >= count {
            return Err(Error::NoGpu { ordinal, count });
        }
        let driver = library::driver_version()?;
        library::nvrtc(driver)?;
        let context = CudaContext::new(ordinal).map_err(|error| failed("to make a context", &error))?;
        // SAFETY: order is kept by the one stream, so no buffer needs events of its own.
        unsafe { context.disable_event_tracking() };
        let told = |error: DriverError| failed("to say what it is", &error);
        let (major, minor) = context.compute_capability().map_err(told)?;
        if major < 8 {
            let found = format!("{major}.{minor}");
            return Err(Error::argument("the GPU's compute capability", "8.0 or newer", found));
        }
        let multiprocessors = sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;
        // The legacy stream can't be captured.
        let [stream, copies] = streams(&context)?;
        let common = Common {
            name: context.name().map_err(told)?,
            arch: compile::architecture(major, minor)?,
            multiprocessors: usize::try_from(context.attribute(multiprocessors).map_err(told)?).unwrap_or(1),
            kernels: Mutex::default(),
            staging: Mutex::new(Staging::new(&stream)?),
            blas: Mutex::new(Blas::new(&context, driver)?),
            exchange: Mutex::new(Exchange::new(&context)?),
            context,
        };
        let (common, within) = (Arc::new(common), Within::Nothing);
        let gpu = Gpu { common, stream, copies, within, note: Mutex::default() };
        Ok(Self { gpu: Arc::new(gpu), elem: PhantomData })
    }

    /// The same GPU and stream, with activations and their gradients held in [`bf16`].
    pub fn bf16(&self) -> Cuda<bf16> {
        Cuda { gpu: Arc::clone(&self.gpu), elem: PhantomData }
    }
}

/// A stream for work, and one for copies.
fn streams(context: &Arc<CudaContext>) -> Result<[Arc<CudaStream>; 2], Error> {
    let stream = || context.new_stream().map_err(|error| failed("to make a stream", &error));
    Ok([stream()?, stream()?])
}

impl<E> Cuda<E> {
    /// What the GPU calls itself.
    pub fn name(&self) -> &str {
        &self.gpu.common.name
    }

    /// The machine code that its kernels are compiled to: `sm_90`.
    pub fn arch(&self) -> &str {
        &self.gpu.common.arch
    }

    pub(crate) fn gpu(&self) -> &Gpu {
        &self.gpu
    }
}

impl<E: Elem> Device for Cuda<E> {
    type Elem = E;
    type Param = f32;
    type Scalar = f32;
    type Buf = Memory;
    type Region<'a> = Place<'a>;
    type RegionMut<'a> = PlaceMut<'a>;
    type View<'a, T: Element> = View<'a, T>;
    type ViewMut<'a, T: Element> = ViewMut<'a, T>;
    type Graphs = Graphs;
    type Host = Host;

    const LAYOUT: Layout = Layout { line: LINE, elem: size_of::<E>(), scalar: size_of::<f32>() };

    /// The page-locked memory that copies go through, and the GPU's that products of matrices and sums work in, and that has
    /// the few numbers which pass between programs and the host.
    fn bytes(&self) -> usize {
        staging::BYTES + blas::BYTES + exchange::BYTES
    }

    fn alloc(&self, bytes: usize) -> Result<Memory, Error> {
        self.gpu.zeroed(bytes)
    }

    fn region(buf: &Memory, span: Span) -> Result<Place<'_>, Error> {
        buf.region(span)
    }

    fn split<const R: usize, const W: usize>(
        buf: &mut Memory,
        reads: [Span; R],
        writes: [Span; W],
    ) -> Result<([Place<'_>; R], [PlaceMut<'_>; W]), Error> {
        buf.split(reads, writes)
    }

    fn view<T: Element>(region: Self::Region<'_>) -> Self::View<'_, T> {
        View::of(region)
    }

    fn view_mut<T: Element>(region: Self::RegionMut<'_>) -> Self::ViewMut<'_, T> {
        ViewMut::of(region)
    }

    fn len<T: Element>(view: View<'_, T>) -> usize {
        view.len()
    }

    fn upload<T: Element, I: Dimension>(
        &self,
        to: ViewMut<'_, T>,
        from: ArrayView<'_, T, I>,
    ) -> Result<(), Error> {
        same_length(to.len(), from.len())?;
        // SAFETY: the view has as many elements.
        unsafe { self.gpu.upload(to.address(), to.len(), from.iter().copied()) }
    }

    fn fill<T: Element>(&self, to: ViewMut<'_, T>, number: T) -> Result<(), Error> {
        match *bytes_of(&[number]) {
            [a, b, c, d] => self.gpu.fill(&to.words(), u32::from_ne_bytes([a, b, c, d])),
            _ if number == T::default() => self.gpu.zero(&to),
            _ => {
                // SAFETY: the view has as many elements.
                unsafe { self.gpu.upload(to.address(), to.len(), std::iter::repeat(number)) }
            }
        }
    }

    fn repeat(
        &self,
        graphs: Option<&mut Graphs>,
        program: &Repeat,
        report: &mut Report,
        work: &mut dyn Work<Self>,
    ) -> Result<(), Error> {
        graphs::repeat(&self.gpu, graphs, program, report, work)
    }

    fn upload_elems<I: Dimension>(
        &self,
        to: ViewMut<'_, E>,
        from: ArrayView<'_, f32, I>,
    ) -> Result<(), Error> {
        same_length(to.len(), from.len())?;
        // SAFETY: the view has as many elements.
        unsafe { self.gpu.upload(to.address(), to.len(), from.iter().map(|number| E::from_f32(*number))) }
    }

    fn download<T: Element>(&self, to: &mut [T], from: View<'_, T>) -> Result<(), Error> {
        same_length(to.len(), from.len())?;
        // SAFETY: the view has as many elements.
        unsafe { self.gpu.download(to, from.address()) }
    }

    fn host(&self, bytes: usize) -> Result<Host, Error> {
        Host::new(&self.gpu, bytes)
    }

    fn copy_out(&self, host: &mut Host, to: Span, from: View<'_, u8>) -> Result<(), Error> {
        // SAFETY: the view has as many bytes.
        unsafe { host.copy_out(&self.gpu, to, (from.address(), from.len())) }
    }

    fn copy_back(&self, host: &mut Host, to: ViewMut<'_, u8>, from: Span) -> Result<(), Error> {
        // SAFETY: the view has as many bytes.
        unsafe { host.copy_back(&self.gpu, (to.address(), to.len()), from) }
    }

    fn wait_for_copy(&self, host: &mut Host, start: usize) -> Result<(), Error> {
        host.wait(&self.gpu, start)
    }

    fn settle(&self, host: &mut Host) -> Result<(), Error> {
        host.settle(&self.gpu)
    }

    fn download_elems(&self, to: &mut [f32], from: View<'_, E>) -> Result<(), Error> {
        same_length(to.len(), from.len())?;
        // SAFETY: the view has as many elements.
        unsafe { self.gpu.download_as(to, from.address(), E::to_f32) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a machine that has a GPU there is nothing to be refused.
    #[test]
    fn without_a_driver_or_a_gpu_there_is_an_error_and_no_panic() {
        let Err(error) = Cuda::new(0) else { return };
        match &error {
            Error::Library { looked, .. } => {
                assert!(
                    looked
                        .iter()
                        .any(|name| [".so.1", ".so.12", ".so.13"].iter().any(|end| name.ends_with(end))),
                    "{error}"
                );
            }
            Error::NoGpu { ordinal: 0, count: 0 } | Error::Gpu { .. } | Error::Argument { .. } => {}
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_gpu_of_a_number_that_there_is_not_is_an_error() {
        assert!(Cuda::new(usize::MAX).is_err());
    }
}
