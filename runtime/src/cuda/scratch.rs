//! Memory of a GPU for the partial results of a sum whose total the host asks for.

use std::sync::{Arc, PoisonError};

use cudarc::driver::{CudaContext, result};

use super::{Gpu, failed};
use crate::error::Error;

/// How many partial results: what blocks of a kernel write side by side.
pub(crate) const PARTIALS: usize = 1024;
/// Bytes of them.
pub(super) const BYTES: usize = PARTIALS * size_of::<f64>();

/// Room for the partial results.
#[derive(Debug)]
pub(super) struct Scratch {
    context: Arc<CudaContext>,
    start: u64,
}

impl Scratch {
    pub(super) fn new(context: &Arc<CudaContext>) -> Result<Self, Error> {
        // SAFETY: the context is this thread's since it was made; what is given is owned from here on.
        let start = unsafe { result::malloc_sync(BYTES) };
        let start = start.map_err(|error| failed("to get memory for sums", &error))?;
        Ok(Self { context: Arc::clone(context), start })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.context.bind_to_thread().is_ok() {
            // SAFETY: owned, and given by `malloc_sync`; the driver waits for work that uses it.
            let _ = unsafe { result::free_sync(self.start) };
        }
    }
}

impl Gpu {
    /// The partial results that the kernels of `launch` leave at the address that it is given, where there are
    /// [`PARTIALS`] zeros before.
    pub(crate) fn partials(
        &self,
        launch: impl FnOnce(u64) -> Result<(), Error>,
    ) -> Result<[f64; PARTIALS], Error> {
        self.bind()?;
        // No other thread's kernels may come between.
        let scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: so many bytes begin there.
        unsafe { result::memset_d8_async(scratch.start, 0, BYTES, self.stream.cu_stream()) }
            .map_err(|error| failed("to fill memory with zeros", &error))?;
        launch(scratch.start)?;
        let mut partials = [0.0; PARTIALS];
        // SAFETY: as many numbers begin there.
        unsafe { self.download(&mut partials, scratch.start) }?;
        Ok(partials)
    }
}
