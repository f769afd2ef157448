//! Sums of columns over rows, also of what a kernel has just computed, in an order that is a matter of the shape and of the
//! width of elements alone.

use super::{Address, Argument, Cuda, Elem, Function, Grid, Source, View};
use crate::device::ParamGrad;
use crate::error::Error;

pub(crate) static SOURCE: Source = Source { name: "columns", text: include_str!("kernel.cu") };
static SUM: Function = Function { source: &SOURCE, name: "columns_sum" };
static TOTAL: Function = Function { source: &SOURCE, name: "columns_total" };

/// Threads of a block, as in `columns.cuh`.
const THREADS: usize = 256;
/// Blocks that sum over rows, if there is as much to sum: some for each multiprocessor of the largest GPUs. Not as many
/// as this GPU has, so that sums are the same on all.
pub(crate) const BLOCKS: usize = 1024;
/// Rows of a part that each thread sums, at least: fewer are not worth another block.
const ROWS: usize = 16;
/// Threads side by side that sum rows: a warp, so that each row is fetched in runs of 512 bytes.
const LANES: usize = 32;
/// Columns of a block that sums parts, of which there are few: 32 bytes, the least that is fetched at once.
const FEW: usize = 8;

/// How blocks share columns.
#[derive(Clone, Copy, Debug)]
struct Tiles {
    /// Columns of a thread: 16 bytes, or one.
    width: usize,
    /// Threads side by side in a block; the others are on other rows.
    lanes: usize,
    /// Blocks side by side.
    count: usize,
}

impl Tiles {
    /// Of rows of so many numbers of type `T`.
    fn of_rows<T>(outputs: usize) -> Self {
        Self::of::<T>(outputs, |_| LANES)
    }

    /// Of rows of so many sums of parts.
    fn of_parts(outputs: usize) -> Self {
        Self::of::<f32>(outputs, |width| FEW / width)
    }

    fn of<T>(outputs: usize, lanes: impl FnOnce(usize) -> usize) -> Self {
        let widest = 16 / size_of::<T>();
        let width = if outputs.is_multiple_of(widest) { widest } else { 1 };
        let lanes = outputs.div_ceil(width).clamp(1, lanes(width)).next_power_of_two();
        Self { width, lanes, count: outputs.div_ceil(lanes * width) }
    }

    fn grid(&self, parts: usize) -> Result<Grid, Error> {
        let mut grid = Grid::of(self.count, THREADS as u32)?;
        grid.blocks.1 = parts as u32;
        grid.threads = (self.lanes as u32, (THREADS / self.lanes) as u32, 1);
        Ok(grid)
    }
}

/// Rows in parts, whose sums are summed then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    /// Of a part.
    pub(crate) rows: usize,
    pub(crate) count: usize,
}

impl Parts {
    /// Of `rows` rows, of which a block works on `together` at once, and on `least` in all, or there is one part; at most
    /// `most` parts.
    pub(crate) fn of(rows: usize, together: usize, least: usize, most: usize) -> Self {
        let count = rows.div_ceil(least).min(most).max(1);
        let each = rows.div_ceil(count).max(1).next_multiple_of(together);
        Self { rows: each, count: rows.div_ceil(each).max(1) }
    }
}

/// Whether all lanes of each warp that sums rows of so many elements have neighbours in one row, 16 bytes each.
pub(crate) fn whole_warps<E>(outputs: usize) -> bool {
    outputs.is_multiple_of(LANES * (16 / size_of::<E>()))
}

/// How rows are summed.
#[derive(Clone, Copy, Debug)]
struct Sums {
    tiles: Tiles,
    parts: Parts,
}

impl Sums {
    /// Of elements of type `T`.
    fn of<T>(rows: usize, outputs: usize) -> Self {
        let tiles = Tiles::of_rows::<T>(outputs);
        let least = ROWS * THREADS / tiles.lanes;
        Self { tiles, parts: Parts::of(rows, 1, least, BLOCKS / tiles.count.max(1)) }
    }
}

/// sums [outputs] = or += the sum of x [rows, outputs] over the rows
///
/// # Safety
/// x must have `rows` elements for each of `sums`.
pub(crate) unsafe fn sum_columns<E: Elem>(
    cuda: &Cuda<E>,
    sums: ParamGrad<'_, Cuda<E>>,
    x: View<'_, E>,
    rows: usize,
) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    unsafe { sum_columns_by(cuda, &SUM, &[&x.address()], sums, rows) }
}

/// The same of what a kernel of elements computes, which `columns.cuh` sums: of what it is given, then what that takes.
///
/// # Safety
/// What it is given must be of `rows` elements for each of `sums`.
pub(crate) unsafe fn sum_columns_by<E: Elem>(
    cuda: &Cuda<E>,
    kernel: &Function,
    given: &[&dyn Argument],
    sums: ParamGrad<'_, Cuda<E>>,
    rows: usize,
) -> Result<(), Error> {
    let outputs = sums.len();
    let Sums { tiles, parts: Parts { rows: part_rows, count: parts } } = Sums::of::<E>(rows, outputs);
    let (to, n, add, width) = (sums.address(), outputs as i64, i32::from(sums.add), tiles.width as i32);
    let (rows, part_rows) = (rows as i64, part_rows as i64);
    let launch = |to: u64, add: i32| {
        let arguments = [given, &[&to, &rows, &n, &part_rows, &width, &add]].concat();
        // SAFETY: the caller's promise; `to` has as many rows of sums as there are parts.
        unsafe { cuda.launch(kernel, tiles.grid(parts)?, &arguments) }
    };
    if parts == 1 {
        return launch(to, add);
    }
    let scratch = cuda.gpu().scratch(parts * outputs * size_of::<f32>())?;
    let at = scratch.address();
    launch(at, 0)?;
    // SAFETY: scratch has a row of sums for each part, and is held until both are launched.
    unsafe { sum_parts(cuda, &[Total { to, add, from: at }], [parts, outputs]) }
}

/// A sum of the sums of parts, by addresses: to [outputs] = or += the sum of from [parts, outputs].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Total {
    pub(crate) to: u64,
    pub(crate) add: i32,
    pub(crate) from: u64,
}

/// What their kernel is given of two, or of one, as in `kernel.cu`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    from: [u64; 2],
    to: [u64; 2],
    add: [i32; 2],
}

// SAFETY: words of 8 bytes, and behind them two of 4: there is no gap.
unsafe impl Argument for Totals {}

/// Up to two totals of as many parts, at once.
///
/// # Safety
/// What they name must be of so many f32.
pub(crate) unsafe fn sum_parts<E: Elem>(
    cuda: &Cuda<E>,
    totals: &[Total],
    [parts, outputs]: [usize; 2],
) -> Result<(), Error> {
    let mut given = Totals::default();
    for (n, total) in totals.iter().enumerate() {
        (given.from[n], given.to[n], given.add[n]) = (total.from, total.to, total.add);
    }
    let tiles = Tiles::of_parts(outputs);
    let mut grid = tiles.grid(1)?;
    grid.blocks.2 = totals.len() as u32;
    let (parts, outputs, width) = (parts as i64, outputs as i64, tiles.width as i32);
    // SAFETY: the caller's promise.
    unsafe { cuda.launch(&TOTAL, grid, &[&given, &parts, &outputs, &parts, &width]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cuda::bf16;

    impl Parts {
        /// That every one of `rows` rows is in one part, and that no part is empty.
        pub(crate) fn check(&self, rows: usize, together: usize) {
            let &Self { rows: each, count } = self;
            assert!(
                count >= 1 && (count - 1) * each < rows.max(1) && count * each >= rows,
                "{rows}: {self:?}"
            );
            assert!(each >= 1 && each.is_multiple_of(together), "{rows}: {self:?}");
        }
    }

    /// Every row is in one part, and what the parts' sums need is there.
    #[test]
    fn parts_have_every_row_once() {
        fn check<T>(rows: usize, outputs: usize) {
            let sums @ Sums { tiles, parts } = Sums::of::<T>(rows, outputs);
            let what = format!("{rows} {outputs} {sums:?}");
            parts.check(rows, 1);
            assert!(parts.count == 1 || parts.count * outputs <= BLOCKS * 32 * 16 / size_of::<T>(), "{what}");
            for tiles in [tiles, Tiles::of_parts(outputs)] {
                assert!(tiles.count * tiles.lanes * tiles.width >= outputs, "{what}");
                assert!(THREADS.is_multiple_of(tiles.lanes) && tiles.lanes.is_power_of_two(), "{what}");
            }
        }
        for outputs in [1, 2, 3, 4, 8, 31, 32, 33, 128, 129, 1000, 4096, 1_000_003] {
            for rows in [0, 1, 2, 15, 16, 17, 128, 129, 4095, 4097, 100_000, 12_345_678] {
                check::<f32>(rows, outputs);
                check::<bf16>(rows, outputs);
            }
        }
    }
}
