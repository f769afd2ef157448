//! Page-locked memory of the host: a GPU reaches it by itself, while nobody waits.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;

use cudarc::driver::{CudaStream, result, sys};

use super::{bind, failed};
use crate::error::Error;

/// Owned bytes, aligned to a page.
#[derive(Debug)]
pub(super) struct Pinned {
    /// What copies from it and to it are given to, of which the first has its context.
    streams: Vec<Arc<CudaStream>>,
    /// Dangling if there are none.
    start: NonNull<c_void>,
    bytes: usize,
}

// SAFETY: the memory is owned, plain bytes, and reached by raw pointers alone.
unsafe impl Send for Pinned {}
// SAFETY: nothing is done by `&` but to say where it is.
unsafe impl Sync for Pinned {}

impl Pinned {
    /// `bytes` bytes of any content, whose copies are given to these streams of one context.
    pub(super) fn new<const N: usize>(streams: [&Arc<CudaStream>; N], bytes: usize) -> Result<Self, Error> {
        let streams = streams.map(Arc::clone).into();
        let mut pinned = Self { streams, start: NonNull::dangling(), bytes: 0 };
        if bytes > 0 {
            pinned.bind()?;
            // SAFETY: the context is this thread's; what is given is owned from here on.
            let start = unsafe { result::malloc_host(bytes, 0) }.map_err(|error| match error.0 {
                sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY => {
                    Error::OutOfMemory { bytes, what: "page-locked memory" }
                }
                _ => failed("to get page-locked memory", &error),
            })?;
            let nowhere = || Error::internal("page-locked memory at no address");
            (pinned.start, pinned.bytes) = (NonNull::new(start).ok_or_else(nowhere)?, bytes);
        }
        Ok(pinned)
    }

    fn bind(&self) -> Result<(), Error> {
        self.streams.first().map_or(Ok(()), |stream| bind(stream.context()))
    }

    /// How many there are.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Where the first is.
    pub(super) fn start(&self) -> NonNull<c_void> {
        self.start
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // Copies may be on their way. Nothing waits for the whole context, in which another thread may capture a graph: that
        // would be the end of its capture.
        let done = || self.streams.iter().all(|stream| stream.synchronize().is_ok());
        if self.bytes > 0 && self.bind().is_ok() && done() {
            // SAFETY: owned, and given by `malloc_host`.
            let _ = unsafe { result::free_host(self.start.as_ptr()) };
        }
    }
}
