//! The partial results of a sum, for kernels that add them up.

use super::Gpu;
use crate::error::Error;

/// How many there are: what blocks of a kernel write side by side.
pub(crate) const PARTIALS: usize = 1024;

impl Gpu {
    /// Calls `launch` with the address of [`PARTIALS`] zeros, for kernels that it launches.
    pub(crate) fn partials(&self, launch: impl FnOnce(u64) -> Result<(), Error>) -> Result<(), Error> {
        let bytes = PARTIALS * size_of::<f64>();
        // Held until they are launched: no other thread's kernels may come between.
        let scratch = self.scratch(bytes)?;
        // SAFETY: so many bytes begin there.
        unsafe { self.zero_at(scratch.address(), bytes) }?;
        launch(scratch.address())
    }
}
