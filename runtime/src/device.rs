//! What a device is: buffers of bytes, views of typed elements, copies to and from the host.
//!
//! A [`Device`] knows nothing of layers. What it can compute is said by the `Kernel` traits of
//! [`ops`](crate::ops) and [`optim`](crate::optim), one per op; generated code asks for exactly the
//! kernels its model uses, so a device joins by implementing `Device` and as many of them as it likes.

mod repeat;

use std::fmt::Debug;

use ndarray::{ArrayView, Dimension};

use crate::error::Error;

pub use repeat::{Repeat, Report, Work};

/// A plain number that a buffer can hold: every bit pattern is a value, and it has no padding.
pub trait Element: Copy + Default + Debug + PartialEq + Send + Sync + 'static + sealed::Sealed {
    /// The name used in messages, as in the model language.
    const NAME: &'static str;
}

impl Element for f32 {
    const NAME: &'static str = "f32";
}
impl Element for f64 {
    const NAME: &'static str = "f64";
}
impl Element for u8 {
    const NAME: &'static str = "u8";
}
impl Element for u16 {
    const NAME: &'static str = "u16";
}
impl Element for u32 {
    const NAME: &'static str = "u32";
}
#[cfg(feature = "cuda")]
impl Element for half::bf16 {
    const NAME: &'static str = "bf16";
}

mod sealed {
    /// Only types that may be read from any bytes: see [`Element`](super::Element).
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for u8 {}
    impl Sealed for u16 {}
    impl Sealed for u32 {}
    #[cfg(feature = "cuda")]
    impl Sealed for half::bf16 {}
}

/// A floating-point type that parameters, statistics and losses are held in.
pub trait Real: Element + PartialOrd {
    /// Rounded from f64.
    fn from_f64(value: f64) -> Self;
    /// Exact.
    fn to_f64(self) -> f64;
}

impl Real for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
    fn to_f64(self) -> f64 {
        self
    }
}

/// A run of bytes in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte, a multiple of the device's line.
    pub start: usize,
    /// How many bytes.
    pub bytes: usize,
}

impl Span {
    /// `len` elements of `T`, starting at byte `start`.
    pub const fn of<T>(start: usize, len: usize) -> Self {
        Self { start, bytes: len * size_of::<T>() }
    }

    /// One past the last byte.
    pub const fn end(self) -> usize {
        self.start + self.bytes
    }
}

/// How buffers are laid out for a device: each size is rounded up to whole lines per sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Bytes of a line.
    pub line: usize,
    /// Bytes of an activation element.
    pub elem: usize,
    /// Bytes of a scalar (statistics, losses), and of an element of a parameter and of its gradient.
    pub scalar: usize,
}

/// A place to compute: it owns memory, and hands out views of it.
pub trait Device: Clone + Send + Sync + 'static {
    /// The type of activations and their gradients.
    type Elem: Element;
    /// The type of parameters, their gradients and the optimizer's moments.
    type Param: Real;
    /// The type of losses, row statistics and scratch; inputs declared `f32` are given in it.
    type Scalar: Real;
    /// Owned memory, zeroed when made, aligned to a line.
    type Buf: Send + Sync;
    /// Shared bytes of a buffer.
    type Region<'a>: Copy;
    /// Exclusive bytes of a buffer.
    type RegionMut<'a>;
    /// Elements that can be read.
    type View<'a, T: Element>: Copy;
    /// Elements that can be read and written.
    type ViewMut<'a, T: Element>;
    /// What is kept of the programs that ran in a workspace, for [`repeat`](Self::repeat).
    type Graphs: Default + Send + Sync;
    /// Memory of the host for activations that wait there (`store = host`), and the copies that are under way between it
    /// and buffers.
    type Host: Send + Sync;

    /// The layout that the plan of a model is taken in.
    const LAYOUT: Layout;

    /// The bytes that it holds itself, beside the buffers that it gives.
    fn bytes(&self) -> usize;

    /// `bytes` bytes of zeroed memory.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if they can't be had.
    fn alloc(&self, bytes: usize) -> Result<Self::Buf, Error>;

    /// The bytes of `span`.
    ///
    /// # Errors
    /// [`Error::Internal`] if `span` is not inside the buffer, or does not start on a line.
    fn region(buf: &Self::Buf, span: Span) -> Result<Self::Region<'_>, Error>;

    /// Disjoint parts of one buffer: `reads` may overlap each other, `writes` overlap nothing.
    /// A span of no bytes overlaps nothing.
    ///
    /// # Errors
    /// [`Error::Internal`] if they do overlap, or leave the buffer, or start off a line.
    #[allow(clippy::type_complexity)]
    fn split<const R: usize, const W: usize>(
        buf: &mut Self::Buf,
        reads: [Span; R],
        writes: [Span; W],
    ) -> Result<([Self::Region<'_>; R], [Self::RegionMut<'_>; W]), Error>;

    /// Says that the bytes of `span` will not be read before they are written again. A device may
    /// ignore it; one that looks for mistakes may spoil them.
    ///
    /// # Errors
    /// A device's own.
    fn discard(&self, buf: &mut Self::Buf, span: Span) -> Result<(), Error> {
        let _ = (buf, span);
        Ok(())
    }

    /// The elements of a region, as many as fit.
    fn view<T: Element>(region: Self::Region<'_>) -> Self::View<'_, T>;

    /// The elements of an exclusive region, as many as fit.
    fn view_mut<T: Element>(region: Self::RegionMut<'_>) -> Self::ViewMut<'_, T>;

    /// How many elements a view has.
    fn len<T: Element>(view: Self::View<'_, T>) -> usize;

    /// Copies an array, of any strides, in its logical order. Makes no allocation.
    ///
    /// # Errors
    /// [`Error::Internal`] if the lengths differ; a device's own errors.
    fn upload<T: Element, I: Dimension>(
        &self,
        to: Self::ViewMut<'_, T>,
        from: ArrayView<'_, T, I>,
    ) -> Result<(), Error>;

    /// Makes every element the same. Makes no allocation.
    ///
    /// # Errors
    /// A device's own.
    fn fill<T: Element>(&self, to: Self::ViewMut<'_, T>, number: T) -> Result<(), Error>;

    /// Does `work`: its program, then what follows on that; and waits until `report` is told, if anything follows. A device
    /// may keep in `graphs` what it was given, and do the same again without the program when that comes again.
    ///
    /// # Errors
    /// Those of `work`; a device's own.
    fn repeat(
        &self,
        graphs: Option<&mut Self::Graphs>,
        program: &Repeat,
        report: &mut Report,
        work: &mut dyn Work<Self>,
    ) -> Result<(), Error> {
        let _ = (graphs, program);
        work.program(self)?;
        work.after(self, report)
    }

    /// `bytes` bytes of the host's memory, of any content.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if they can't be had; a device's own.
    fn host(&self, bytes: usize) -> Result<Self::Host, Error>;

    /// Begins to copy all of `from` to the host, behind what the device was given so far. What it is given next does not
    /// wait for the copy, and must not write there, until [`wait_for_copy`](Self::wait_for_copy) of where `to` starts.
    /// Makes no allocation once the program has run.
    ///
    /// # Errors
    /// [`Error::Internal`] if `to` is not inside the host's memory, or not as long; a device's own.
    fn copy_out(&self, host: &mut Self::Host, to: Span, from: Self::View<'_, u8>) -> Result<(), Error>;

    /// Begins to copy to all of `to` what is at `from` on the host; else as [`copy_out`](Self::copy_out), and nothing may
    /// read there until it is waited for.
    ///
    /// # Errors
    /// As [`copy_out`](Self::copy_out).
    fn copy_back(&self, host: &mut Self::Host, to: Self::ViewMut<'_, u8>, from: Span) -> Result<(), Error>;

    /// What the device is given from now on waits for the copy that begins at this byte of the host's memory.
    ///
    /// # Errors
    /// A device's own.
    fn wait_for_copy(&self, host: &mut Self::Host, start: usize) -> Result<(), Error>;

    /// Waits itself, after a program that has failed, until no copy is under way.
    ///
    /// # Errors
    /// A device's own.
    fn settle(&self, host: &mut Self::Host) -> Result<(), Error> {
        let _ = host;
        Ok(())
    }

    /// Copies host numbers, rounded to the activation type. Makes no allocation.
    ///
    /// # Errors
    /// As [`upload`](Self::upload).
    fn upload_elems<I: Dimension>(
        &self,
        to: Self::ViewMut<'_, Self::Elem>,
        from: ArrayView<'_, Self::Scalar, I>,
    ) -> Result<(), Error>;

    /// Copies elements to the host, once everything that writes them has run.
    ///
    /// # Errors
    /// [`Error::Internal`] if the lengths differ; a device's own errors.
    fn download<T: Element>(&self, to: &mut [T], from: Self::View<'_, T>) -> Result<(), Error>;

    /// Copies activations to the host, widened to the scalar type.
    ///
    /// # Errors
    /// As [`download`](Self::download).
    fn download_elems(&self, to: &mut [Self::Scalar], from: Self::View<'_, Self::Elem>) -> Result<(), Error>;
}

/// That a copy is of as many elements as there is room for.
pub(crate) fn same_length(to: usize, from: usize) -> Result<(), Error> {
    if to == from { Ok(()) } else { Err(Error::internal(format!("a copy of {from} elements into {to}"))) }
}

/// Makes every number of a span the same.
pub(crate) fn fill<D: Device, T: Element>(
    device: &D,
    buf: &mut D::Buf,
    span: Span,
    number: T,
) -> Result<(), Error> {
    let ([], [to]) = D::split(buf, [], [span])?;
    device.fill(D::view_mut(to), number)
}

/// Where a gradient goes: written by its first writer, added to by the others.
#[derive(Debug)]
pub struct Grad<V> {
    /// The gradient's elements.
    pub to: V,
    /// Add to what is there (`+=`) instead of overwriting it (`=`).
    pub add: bool,
}

/// What a gradient is computed of: it is `given`, or `grad` holds it and is written over it. Then the gradient can't also
/// be added to what is there.
pub(crate) fn given_or_held<'a, V, W>(
    given: Option<W>,
    grad: Option<&'a Grad<V>>,
    held: impl FnOnce(&'a V) -> W,
) -> Result<W, Error> {
    match (given, grad) {
        (Some(given), _) => Ok(given),
        (None, None) => Err(Error::internal(
            "a kernel was given neither what a gradient is of nor a gradient that holds it",
        )),
        (None, Some(Grad { add: true, .. })) => {
            Err(Error::internal("a gradient to be added to that holds what it is of"))
        }
        (None, Some(Grad { to, .. })) => Ok(held(to)),
    }
}

/// That there is one of the two.
pub(crate) fn check_given_or_held<V, W>(given: &Option<W>, grad: Option<&Grad<V>>) -> Result<(), Error> {
    given_or_held(given.as_ref().map(|_| ()), grad, |_| ())
}

/// That the gradient of a bias of so many elements is the sum of all of a dx of `n`, which is there if it says whether
/// it is added to.
pub(crate) fn check_summed(add: Option<bool>, n: usize, outputs: usize) -> Result<(), Error> {
    if add == Some(false) && outputs > 0 && n.is_multiple_of(outputs) {
        return Ok(());
    }
    Err(Error::internal("the gradient of a bias as the sum of what is no gradient of its rows alone"))
}

/// The gradient of an activation on device `D`.
pub type ElemGrad<'a, D> = Grad<<D as Device>::ViewMut<'a, <D as Device>::Elem>>;
/// The gradient of a parameter on device `D`.
pub type ParamGrad<'a, D> = Grad<<D as Device>::ViewMut<'a, <D as Device>::Param>>;
