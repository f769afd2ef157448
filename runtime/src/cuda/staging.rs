//! Copies between the host and a GPU, through memory that the GPU reaches by itself.
//!
//! What goes to the GPU is written into this memory, from where the GPU copies it in its turn: nobody waits, unless so
//! much is on its way that there is no room for more. What comes from it is waited for.

use std::sync::{Arc, MutexGuard, PoisonError};

use cudarc::driver::{CudaEvent, CudaStream, DriverError, result};

use super::graphs::Within;
use super::pinned::Pinned;
use super::{Gpu, failed};
use crate::arena::{LINE, bytes_of_mut};
use crate::device::Element;
use crate::error::Error;

/// Bytes that are copied at once.
const PART: usize = 1 << 20;
/// Parts for what goes to the GPU. Another is for what comes from it.
const UP: usize = 3;
/// Bytes of all parts.
pub(super) const BYTES: usize = (UP + 1) * PART;

/// Page-locked memory in parts.
#[derive(Debug)]
pub(super) struct Staging {
    memory: Pinned,
    /// Each is behind all copies from its part, once no more are made before it is waited for.
    copied: [CudaEvent; UP],
    /// The part that is being filled, and how many of its bytes are.
    part: usize,
    filled: usize,
}

impl Staging {
    /// For copies that are given to a stream.
    pub(super) fn new(stream: &Arc<CudaStream>) -> Result<Self, Error> {
        let told = |error: DriverError| failed("to make an event", &error);
        let event = || stream.context().new_event(None).map_err(told);
        let copied = [event()?, event()?, event()?];
        Ok(Self { memory: Pinned::new([stream], BYTES)?, copied, part: 0, filled: 0 })
    }

    /// Room for elements: for as many as are asked for, or as fill a part. Waits until they are copied that were there.
    fn room<T: Element>(&mut self, stream: &CudaStream, elements: usize) -> Result<&mut [T], Error> {
        let bytes = elements.saturating_mul(size_of::<T>()).min(PART);
        if self.filled + bytes > PART {
            let told = |error: DriverError| failed("to wait for a copy", &error);
            self.copied[self.part].record(stream).map_err(told)?;
            self.part = (self.part + 1) % UP;
            // Of a part that was never left the event was never recorded, and is not waited for.
            self.copied[self.part].synchronize().map_err(told)?;
            self.filled = 0;
        }
        let start = self.part * PART + self.filled;
        self.filled = (self.filled + bytes).next_multiple_of(LINE);
        Ok(self.elements(start, bytes))
    }

    /// What comes from the GPU.
    fn down<T: Element>(&mut self) -> &mut [T] {
        self.elements(UP * PART, PART)
    }

    /// So many bytes from a line, as elements.
    fn elements<T: Element>(&mut self, start: usize, bytes: usize) -> &mut [T] {
        debug_assert!(start.is_multiple_of(LINE) && start + bytes <= BYTES);
        // SAFETY: `BYTES` bytes are there, aligned to a page, owned and borrowed exclusively; elements accept any.
        unsafe {
            let start = self.memory.start().byte_add(start);
            std::slice::from_raw_parts_mut(start.cast().as_ptr(), bytes / size_of::<T>())
        }
    }
}

impl Gpu {
    fn staging(&self) -> Result<MutexGuard<'_, Staging>, Error> {
        if matches!(self.within, Within::Capture(..) | Within::Note(..)) {
            return Err(Error::internal(
                "a copy from or to the host in a program that is captured, or behind it",
            ));
        }
        self.locked()
    }

    fn locked(&self) -> Result<MutexGuard<'_, Staging>, Error> {
        self.bind()?;
        Ok(self.common.staging.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Copies what `from` gives, in order, to `len` elements at `to`.
    ///
    /// # Safety
    /// So many elements must begin there.
    pub(super) unsafe fn upload<T: Element>(
        &self,
        to: u64,
        len: usize,
        from: impl Iterator<Item = T>,
    ) -> Result<(), Error> {
        // SAFETY: the caller's promise.
        unsafe { self.upload_by(self.staging()?, to, len, from) }
    }

    /// The same of what differs from run to run of a program, and is read by what follows on it. If that was asked before
    /// the program ran, these are there.
    ///
    /// # Safety
    /// As that of [`upload`](Self::upload).
    pub(crate) unsafe fn tell<T: Element>(
        &self,
        to: u64,
        len: usize,
        from: impl Iterator<Item = T>,
    ) -> Result<(), Error> {
        match self.within {
            // SAFETY: the caller's promise.
            Within::Nothing | Within::Note(..) => unsafe { self.upload_by(self.locked()?, to, len, from) },
            Within::Program(..) | Within::Capture(..) => Ok(()),
        }
    }

    /// # Safety
    /// As that of [`upload`](Self::upload).
    unsafe fn upload_by<T: Element>(
        &self,
        mut staging: MutexGuard<'_, Staging>,
        mut to: u64,
        len: usize,
        mut from: impl Iterator<Item = T>,
    ) -> Result<(), Error> {
        let mut left = len;
        while left > 0 {
            let part = staging.room::<T>(&self.stream, left)?;
            part.iter_mut().zip(&mut from).for_each(|(to, from)| *to = from);
            // SAFETY: the caller's promise; and `room` gives these bytes to nobody before they are copied.
            unsafe { result::memcpy_htod_async(to, part, self.stream.cu_stream()) }
                .map_err(|error| failed("to copy to the GPU", &error))?;
            to += size_of_val(part) as u64;
            left -= part.len();
        }
        Ok(())
    }

    /// Copies elements that begin at `from`, once all that writes them has run.
    ///
    /// # Safety
    /// As many must begin there.
    pub(super) unsafe fn download<T: Element>(&self, to: &mut [T], from: u64) -> Result<(), Error> {
        // SAFETY: the caller's promise.
        unsafe { self.download_as(to, from, |element: T| element) }
    }

    /// The same, each made something else on the way.
    ///
    /// # Safety
    /// As many elements of type `T` must begin there.
    pub(super) unsafe fn download_as<T: Element, U>(
        &self,
        to: &mut [U],
        mut from: u64,
        each: impl Fn(T) -> U,
    ) -> Result<(), Error> {
        let mut staging = self.staging()?;
        for to in to.chunks_mut(PART / size_of::<T>()) {
            let part = &mut staging.down::<T>()[..to.len()];
            // SAFETY: the caller's promise; and `part` is not touched until the copy is done.
            unsafe { result::memcpy_dtoh_async(bytes_of_mut(part), from, self.stream.cu_stream()) }
                .map_err(|error| failed("to copy from the GPU", &error))?;
            self.stream.synchronize().map_err(|error| failed("to wait for the GPU", &error))?;
            to.iter_mut().zip(&*part).for_each(|(to, from)| *to = each(*from));
            from += size_of_val(part) as u64;
        }
        Ok(())
    }
}
