//! The partial results of a sum whose total the host asks for.

use cudarc::driver::result;

use super::{Gpu, failed};
use crate::error::Error;

/// How many there are: what blocks of a kernel write side by side.
pub(crate) const PARTIALS: usize = 1024;
/// Bytes of them.
const BYTES: usize = PARTIALS * size_of::<f64>();

impl Gpu {
    /// The partial results that the kernels of `launch` leave at the address that it is given, where there are
    /// [`PARTIALS`] zeros before.
    pub(crate) fn partials(
        &self,
        launch: impl FnOnce(u64) -> Result<(), Error>,
    ) -> Result<[f64; PARTIALS], Error> {
        self.bind()?;
        // Held until they are on the host: no other thread's kernels may come between.
        let scratch = self.scratch(BYTES)?;
        let start = scratch.address();
        // SAFETY: so many bytes begin there.
        unsafe { result::memset_d8_async(start, 0, BYTES, self.stream.cu_stream()) }
            .map_err(|error| failed("to fill memory with zeros", &error))?;
        launch(start)?;
        let mut partials = [0.0; PARTIALS];
        // SAFETY: as many numbers begin there.
        unsafe { self.download(&mut partials, start) }?;
        Ok(partials)
    }
}
