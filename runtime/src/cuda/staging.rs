//! Copies between the host and a GPU, through memory that the GPU reaches by itself.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::{Arc, PoisonError};

use cudarc::driver::{CudaContext, CudaStream, result};

use super::{Gpu, failed};
use crate::arena::bytes_of_mut;
use crate::device::Element;
use crate::error::Error;

/// Bytes that are copied at once.
pub(super) const BYTES: usize = 4 << 20;

/// Page-locked memory of the host.
#[derive(Debug)]
pub(super) struct Staging {
    context: Arc<CudaContext>,
    start: NonNull<c_void>,
}

// SAFETY: the memory is owned, plain bytes, and reached by `&mut` alone.
unsafe impl Send for Staging {}

impl Staging {
    pub(super) fn new(context: &Arc<CudaContext>) -> Result<Self, Error> {
        let what = "to get page-locked memory";
        // SAFETY: the context is this thread's since it was made.
        let start = unsafe { result::malloc_host(BYTES, 0) }.map_err(|error| failed(what, &error))?;
        let start = NonNull::new(start).ok_or_else(|| Error::internal("page-locked memory at no address"))?;
        Ok(Self { context: Arc::clone(context), start })
    }

    /// As elements, as many as fit.
    fn elements<T: Element>(&mut self) -> &mut [T] {
        // SAFETY: `BYTES` bytes begin there, aligned to a page, owned and borrowed exclusively; elements accept any.
        unsafe { std::slice::from_raw_parts_mut(self.start.cast().as_ptr(), BYTES / size_of::<T>()) }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if self.context.bind_to_thread().is_ok() {
            // SAFETY: owned, and given by `malloc_host`.
            let _ = unsafe { result::free_host(self.start.as_ptr()) };
        }
    }
}

fn wait(stream: &CudaStream) -> Result<(), Error> {
    stream.synchronize().map_err(|error| failed("to wait for the GPU", &error))
}

impl Gpu {
    /// Copies what `from` gives, in order, to `len` elements at `to`.
    ///
    /// # Safety
    /// So many elements must begin there.
    pub(super) unsafe fn upload<T: Element>(
        &self,
        mut to: u64,
        len: usize,
        mut from: impl Iterator<Item = T>,
    ) -> Result<(), Error> {
        self.bind()?;
        let mut staging = self.staging.lock().unwrap_or_else(PoisonError::into_inner);
        let staging = staging.elements::<T>();
        let mut left = len;
        while left > 0 {
            let part = &mut staging[..left.min(BYTES / size_of::<T>())];
            part.iter_mut().zip(&mut from).for_each(|(to, from)| *to = from);
            // SAFETY: the caller's promise; and what is copied stays until it is, which is waited for.
            unsafe { result::memcpy_htod_async(to, part, self.stream.cu_stream()) }
                .map_err(|error| failed("to copy to the GPU", &error))?;
            wait(&self.stream)?;
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
        self.bind()?;
        let mut staging = self.staging.lock().unwrap_or_else(PoisonError::into_inner);
        for to in to.chunks_mut(BYTES / size_of::<T>()) {
            let part = &mut staging.elements::<T>()[..to.len()];
            // SAFETY: the caller's promise; and `part` is not touched until the copy is done.
            unsafe { result::memcpy_dtoh_async(bytes_of_mut(part), from, self.stream.cu_stream()) }
                .map_err(|error| failed("to copy from the GPU", &error))?;
            wait(&self.stream)?;
            to.iter_mut().zip(&*part).for_each(|(to, from)| *to = each(*from));
            from += size_of_val(part) as u64;
        }
        Ok(())
    }
}
