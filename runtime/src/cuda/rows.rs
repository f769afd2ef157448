//! How many threads work on a row, by its length alone: it decides the order of sums.

use super::{Gpu, Grid};
use crate::error::Error;

/// Threads of a block, as in `rows.cuh`.
const THREADS: u32 = 256;
/// Threads of a block whose rows are long, and read twice, as in `rows.cuh`.
const LONG_THREADS: u32 = 512;
/// Threads of a warp.
const WARP: usize = 32;
/// The most elements of a row that a warp takes: 32 for each thread.
const SHORT: usize = 1024;
/// The fewest elements of a row that is long.
const LONG: usize = 1 << 14;
/// Blocks of such rows that a multiprocessor is given at once. What they read stays in the L2 cache until they read it again:
/// 26 MB of 50, with 132 of them and rows of 50 000 elements of two bytes, where four blocks would not leave it there.
const LONG_BLOCKS: usize = 2;

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

    /// The same, of kernels that read rows twice, and have blocks of `LONG_ROW_THREADS` threads for long ones.
    pub(crate) fn read_twice(rows: usize, len: usize) -> Result<Self, Error> {
        if len < LONG {
            return Self::of(rows, len);
        }
        Ok(Self { grid: Grid::of(rows, LONG_THREADS)?, team: LONG_THREADS as i32 })
    }

    /// The same with no more teams than keep the GPU at work, for kernels whose teams go on to other rows.
    pub(crate) fn with_stride(mut self, gpu: &Gpu) -> Self {
        let (blocks, threads) = (&mut self.grid.blocks.0, self.grid.threads.0);
        let most =
            if threads == LONG_THREADS { LONG_BLOCKS * gpu.common.multiprocessors } else { usize::MAX };
        *blocks = gpu.blocks(most.min(*blocks as usize)) as u32;
        self
    }
}
