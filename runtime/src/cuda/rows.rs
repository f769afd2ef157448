//! How many threads work on a row, by its length alone: it decides the order of sums.

use super::{Gpu, Grid};
use crate::error::Error;

/// Threads of a block, as in `rows.cuh`.
const THREADS: u32 = 256;
/// Threads of a warp.
const WARP: usize = 32;
/// The most elements of a row that a warp takes: 32 for each thread.
const SHORT: usize = 1024;

/// Rows that are worked on by teams of threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// A team for each row.
    pub(crate) grid: Grid,
    /// Threads of a team: a warp or a block.
    pub(crate) team: i32,
}

impl Rows {
    /// `rows` rows of `len` elements.
    pub(crate) fn of(rows: usize, len: usize) -> Result<Self, Error> {
        let team = if len <= SHORT { WARP } else { THREADS as usize };
        let blocks = rows.div_ceil(THREADS as usize / team);
        Ok(Self { grid: Grid::of(blocks, THREADS)?, team: team as i32 })
    }

    /// The same with no more teams than keep the GPU at work, for kernels whose teams go on to other rows.
    pub(crate) fn with_stride(mut self, gpu: &Gpu) -> Self {
        self.grid.blocks.0 = gpu.blocks(self.grid.blocks.0 as usize) as u32;
        self
    }
}
