//! Memory of a GPU, and places in it that know how long they are.

use std::marker::PhantomData;
use std::sync::Arc;

use cudarc::driver::{CudaContext, result, sys};

use super::{Gpu, bind, failed};
use crate::arena::{self, LINE};
use crate::device::{Element, Grad, Span};
use crate::error::Error;

/// Owned memory of a GPU.
#[derive(Debug)]
pub struct Memory {
    context: Arc<CudaContext>,
    /// 0 if it has no bytes.
    start: u64,
    bytes: usize,
}

impl Memory {
    /// `bytes` bytes of any content.
    pub(super) fn new(context: &Arc<CudaContext>, bytes: usize) -> Result<Self, Error> {
        let mut memory = Self { context: Arc::clone(context), start: 0, bytes };
        if bytes > 0 {
            bind(context)?;
            // SAFETY: the context is this thread's; what is given is owned from here on.
            memory.start = unsafe { result::malloc_sync(bytes) }.map_err(|error| match error.0 {
                sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY => out_of_memory(bytes),
                _ => failed("to get memory", &error),
            })?;
        }
        Ok(memory)
    }

    /// Makes its context that of the calling thread.
    pub(super) fn bind(&self) -> Result<(), Error> {
        bind(&self.context)
    }

    /// The address of its first byte.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    pub(super) fn region(&self, span: Span) -> Result<Place<'_>, Error> {
        arena::check(span, self.bytes)?;
        Ok(self.place(span))
    }

    #[allow(clippy::type_complexity)]
    pub(super) fn split<const R: usize, const W: usize>(
        &mut self,
        reads: [Span; R],
        writes: [Span; W],
    ) -> Result<([Place<'_>; R], [PlaceMut<'_>; W]), Error> {
        arena::check_split(self.bytes, &reads, &writes)?;
        let this = &*self;
        Ok((reads.map(|span| this.place(span)), writes.map(|span| PlaceMut(this.place(span)))))
    }

    /// Of a span that is inside.
    fn place(&self, span: Span) -> Place<'_> {
        Place { start: self.start + span.start as u64, bytes: span.bytes, memory: PhantomData }
    }
}

impl Gpu {
    /// `bytes` bytes of zeros.
    pub(super) fn zeroed(&self, bytes: usize) -> Result<Memory, Error> {
        let memory = Memory::new(&self.common.context, bytes)?;
        self.zero(&ViewMut::<u8>::of(PlaceMut(memory.place(Span { start: 0, bytes }))))?;
        Ok(memory)
    }

    /// Makes all bytes of elements 0, after what was given to the stream before.
    pub(crate) fn zero<T: Element>(&self, to: &ViewMut<'_, T>) -> Result<(), Error> {
        // SAFETY: the view has so many bytes.
        unsafe { self.zero_at(to.address(), to.len() * size_of::<T>()) }
    }

    /// The same of these bytes.
    ///
    /// # Safety
    /// They must be there.
    pub(super) unsafe fn zero_at(&self, address: u64, bytes: usize) -> Result<(), Error> {
        // Of nothing the address may be none, of which the driver does not say that it takes it.
        if bytes == 0 || self.notes([&b"zero"[..], &address.to_ne_bytes(), &bytes.to_ne_bytes()]) {
            return Ok(());
        }
        self.bind()?;
        // SAFETY: the caller's promise.
        unsafe { result::memset_d8_async(address, 0, bytes, self.stream.cu_stream()) }
            .map_err(|error| failed("to fill memory with zeros", &error))
    }

    /// Makes all elements, of four bytes, the same, after what was given to the stream before.
    pub(super) fn fill(&self, to: &ViewMut<'_, u32>, bits: u32) -> Result<(), Error> {
        let (address, len) = (to.address(), to.len());
        let given = [&b"fill"[..], &address.to_ne_bytes(), &len.to_ne_bytes(), &bits.to_ne_bytes()];
        if len == 0 || self.notes(given) {
            return Ok(());
        }
        self.bind()?;
        // SAFETY: the view has so many elements of four bytes, and starts on a line.
        let filled = unsafe { sys::cuMemsetD32Async(address, bits, len, self.stream.cu_stream()) };
        filled.result().map_err(|error| failed("to fill memory", &error))
    }
}

fn out_of_memory(bytes: usize) -> Error {
    let (free, total) = result::mem_get_info().unwrap_or_default();
    Error::GpuMemory { bytes, what: "a buffer", free, total }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.start != 0 && bind(&self.context).is_ok() {
            // SAFETY: owned, and given by `malloc_sync`; the driver waits for work that uses it.
            let _ = unsafe { result::free_sync(self.start) };
        }
    }
}

/// Bytes of a GPU's memory that start on a line.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    start: u64,
    bytes: usize,
    memory: PhantomData<&'a Memory>,
}

/// The same, exclusive.
#[derive(Debug)]
pub struct PlaceMut<'a>(Place<'a>);

/// Elements in a GPU's memory.
#[derive(Debug)]
pub struct View<'a, T> {
    start: u64,
    len: usize,
    elements: PhantomData<&'a [T]>,
}

/// The same, exclusive.
#[derive(Debug)]
pub struct ViewMut<'a, T>(View<'a, T>);

impl<T> Clone for View<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for View<'_, T> {}

const _: () = assert!(LINE.is_multiple_of(16), "kernels move 16 bytes at once");

impl<'a, T: Element> View<'a, T> {
    pub(super) fn of(place: Place<'a>) -> Self {
        Self { start: place.start, len: place.bytes / size_of::<T>(), elements: PhantomData }
    }

    /// `len` elements from `first` on.
    ///
    /// # Errors
    /// [`Error::Internal`] if there are not so many.
    pub(crate) fn part(self, first: usize, len: usize) -> Result<Self, Error> {
        if first.checked_add(len).is_none_or(|end| end > self.len) {
            return Err(Error::internal(format!("{len} elements from {first} on, of {}", self.len)));
        }
        let start = self.start + (first * size_of::<T>()) as u64;
        Ok(Self { start, len, elements: PhantomData })
    }
}

impl<'a, T: Element> ViewMut<'a, T> {
    pub(super) fn of(place: PlaceMut<'a>) -> Self {
        Self(View::of(place.0))
    }

    /// The same to be read, when it is written.
    pub(crate) fn into_view(self) -> View<'a, T> {
        self.0
    }

    /// What is there before it is written, for a kernel each of whose threads reads the elements that it writes, and no
    /// other reads those.
    pub(crate) fn held(&self) -> View<'_, T> {
        self.0
    }

    /// `len` elements from `first` on.
    ///
    /// # Errors
    /// [`Error::Internal`] if there are not so many.
    pub(crate) fn part(&mut self, first: usize, len: usize) -> Result<ViewMut<'_, T>, Error> {
        self.0.part(first, len).map(ViewMut)
    }

    /// The first `middle` elements, and those behind them.
    ///
    /// # Errors
    /// [`Error::Internal`] if there are not so many.
    pub(crate) fn split_at(self, middle: usize) -> Result<(Self, Self), Error> {
        let behind = self.0.len.saturating_sub(middle);
        Ok((Self(self.0.part(0, middle)?), Self(self.0.part(middle, behind)?)))
    }

    /// The same bytes, as whole words.
    pub(super) fn words(self) -> ViewMut<'a, u32> {
        let View { start, len, .. } = self.0;
        ViewMut(View { start, len: len * size_of::<T>() / size_of::<u32>(), elements: PhantomData })
    }
}

/// What a kernel is given of a view: its address, 0 for none.
pub(crate) trait Address {
    /// Where its first element is.
    fn address(&self) -> u64;
    /// Its elements.
    fn len(&self) -> usize;
}

impl<T> Address for View<'_, T> {
    fn address(&self) -> u64 {
        self.start
    }
    fn len(&self) -> usize {
        self.len
    }
}

impl<T> Address for ViewMut<'_, T> {
    fn address(&self) -> u64 {
        self.0.start
    }
    fn len(&self) -> usize {
        self.0.len
    }
}

impl<V: Address> Address for Grad<V> {
    fn address(&self) -> u64 {
        self.to.address()
    }
    fn len(&self) -> usize {
        self.to.len()
    }
}

impl<V: Address> Address for Option<V> {
    fn address(&self) -> u64 {
        self.as_ref().map_or(0, V::address)
    }
    fn len(&self) -> usize {
        self.as_ref().map_or(0, V::len)
    }
}
