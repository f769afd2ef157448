//! The CPU: worker threads, packing memory, and the [`Device`] of host memory.

pub(crate) mod columns;
pub(crate) mod elementwise;
mod gate;
pub(crate) mod gemm;
pub(crate) mod math;
pub(crate) mod parts;
pub(crate) mod pool;
pub(crate) mod runs;
pub(crate) mod simd;

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ndarray::{ArrayView, Dimension};

use crate::arena::{Buffer, LINE, Region, RegionMut};
use crate::device::{Device, Element, Layout, Real, Span, same_length};
use crate::error::Error;
use parts::chunks;
use pool::Pool;
pub(crate) use pool::panic_message;

/// The CPU as a device; `E` is the type of activations and parameters, `f32` or `f64`.
///
/// A clone is another handle to the same worker threads, so one `Cpu` may be shared by several
/// threads that train.
#[derive(Clone, Debug)]
pub struct Cpu<E = f32> {
    pool: Arc<Pool>,
    /// What freed buffers are overwritten with, as the bits of an f32; 0 for leaving them alone.
    poison: Arc<AtomicU32>,
    elem: PhantomData<E>,
}

impl Cpu<f32> {
    /// All cores that the system grants this process.
    ///
    /// # Errors
    /// [`Error::Threads`] or [`Error::OutOfMemory`] if workers or their memory can't be had;
    /// [`Error::Argument`] if the environment variable `REMAT_SIMD`, which asks for at most the instructions
    /// of `portable`, `avx2` or `avx512`, says something else.
    pub fn new() -> Result<Self, Error> {
        Self::with_threads(std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// `threads` threads, the calling one included.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`Error::Argument`] if `threads` is 0 or above 1024.
    pub fn with_threads(threads: usize) -> Result<Self, Error> {
        Ok(Self { pool: Arc::new(Pool::new(threads)?), poison: Arc::default(), elem: PhantomData })
    }

    /// The same threads and memory for f64, in which gradients are checked.
    pub fn double(&self) -> Cpu<f64> {
        Cpu { pool: Arc::clone(&self.pool), poison: Arc::clone(&self.poison), elem: PhantomData }
    }
}

impl<E> Cpu<E> {
    /// How many threads compute.
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// The bytes that the device itself holds: packing memory of its threads, had from the allocator
    /// when the device is made and given back with its last handle.
    ///
    /// Not counted: the stacks of the threads, which the system maps and which take memory as far as they
    /// are used; and less than a KiB for each thread, what this crate and the standard library keep to
    /// run them.
    pub fn bytes(&self) -> usize {
        self.pool.bytes()
    }

    /// What freed buffers are overwritten with, if with anything: see [`testing`](crate::testing).
    pub(crate) fn poison(&self) -> &AtomicU32 {
        &self.poison
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Copies bytes, in parallel.
    fn copy(&self, to: &mut [u8], from: &[u8]) -> Result<(), Error> {
        /// Bytes of a task.
        const CHUNK: usize = 1 << 16;
        same_length(to.len(), from.len())?;
        self.pool.run_parts(chunks(to, CHUNK), |task, to, _| {
            to.copy_from_slice(&from[task * CHUNK..][..to.len()]);
        })
    }
}

impl<E: Real> Device for Cpu<E> {
    type Elem = E;
    type Param = E;
    type Scalar = E;
    type Buf = Buffer;
    type Region<'a> = Region<'a>;
    type RegionMut<'a> = RegionMut<'a>;
    type View<'a, T: Element> = &'a [T];
    type ViewMut<'a, T: Element> = &'a mut [T];
    type Graphs = ();
    type Host = Buffer;

    const LAYOUT: Layout = Layout { line: LINE, elem: size_of::<E>(), scalar: size_of::<E>() };

    fn bytes(&self) -> usize {
        self.pool.bytes()
    }

    fn alloc(&self, bytes: usize) -> Result<Buffer, Error> {
        Buffer::new(bytes, "a buffer")
    }

    fn region(buf: &Buffer, span: Span) -> Result<Region<'_>, Error> {
        buf.region(span)
    }

    fn split<const R: usize, const W: usize>(
        buf: &mut Buffer,
        reads: [Span; R],
        writes: [Span; W],
    ) -> Result<([Region<'_>; R], [RegionMut<'_>; W]), Error> {
        buf.split(reads, writes)
    }

    fn discard(&self, buf: &mut Buffer, span: Span) -> Result<(), Error> {
        let bits = self.poison.load(Ordering::Relaxed);
        if bits != 0 {
            let ([], [spoiled]) = buf.split([], [span])?;
            spoiled.elements().fill(E::from_f64(f64::from(f32::from_bits(bits))));
        }
        Ok(())
    }

    fn view<T: Element>(region: Self::Region<'_>) -> Self::View<'_, T> {
        region.elements()
    }

    fn view_mut<T: Element>(region: Self::RegionMut<'_>) -> Self::ViewMut<'_, T> {
        region.elements()
    }

    fn len<T: Element>(view: &[T]) -> usize {
        view.len()
    }

    fn upload<T: Element, I: Dimension>(&self, to: &mut [T], from: ArrayView<'_, T, I>) -> Result<(), Error> {
        same_length(to.len(), from.len())?;
        match from.as_slice() {
            Some(from) => to.copy_from_slice(from),
            None => to.iter_mut().zip(from.iter()).for_each(|(to, from)| *to = *from),
        }
        Ok(())
    }

    fn fill<T: Element>(&self, to: &mut [T], number: T) -> Result<(), Error> {
        to.fill(number);
        Ok(())
    }

    fn upload_elems<I: Dimension>(&self, to: &mut [E], from: ArrayView<'_, E, I>) -> Result<(), Error> {
        self.upload(to, from)
    }

    fn download<T: Element>(&self, to: &mut [T], from: &[T]) -> Result<(), Error> {
        same_length(to.len(), from.len())?;
        to.copy_from_slice(from);
        Ok(())
    }

    fn download_elems(&self, to: &mut [E], from: &[E]) -> Result<(), Error> {
        self.download(to, from)
    }

    fn host(&self, bytes: usize) -> Result<Buffer, Error> {
        Buffer::new(bytes, "activations on the host")
    }

    /// At once: there is no one else to copy meanwhile.
    fn copy_out(&self, host: &mut Buffer, to: Span, from: &[u8]) -> Result<(), Error> {
        let ([], [to]) = host.split([], [to])?;
        self.copy(to.elements(), from)
    }

    fn copy_back(&self, host: &mut Buffer, to: &mut [u8], from: Span) -> Result<(), Error> {
        self.copy(to, host.region(from)?.elements())
    }

    fn wait_for_copy(&self, _: &mut Buffer, _: usize) -> Result<(), Error> {
        Ok(())
    }
}
