//! LayerNorm on a GPU. y, mean, rstd: =; dx, dweight, dbias: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::columns::{BLOCKS, Parts, Total, sum_parts};
use crate::cuda::{Address, Argument, Cuda, Elem, Function, Grid, Rows, SCRATCH, Source};
use crate::device::given_or_held;
use crate::error::Error;
use crate::ops::dropout::cuda::{Drawn, drop_out_first};

pub(crate) static SOURCE: Source = Source { name: "layer_norm", text: include_str!("kernel.cu") };
static FORWARD: Function = Function { source: &SOURCE, name: "layer_norm_forward" };
static BACKWARD_ROWS: Function = Function { source: &SOURCE, name: "layer_norm_backward_rows" };
/// Those that sum over rows.
static WARP_8: Function = Function { source: &SOURCE, name: "layer_norm_backward_warp_8" };
static WARP_24: Function = Function { source: &SOURCE, name: "layer_norm_backward_warp_24" };
static WARP_32: Function = Function { source: &SOURCE, name: "layer_norm_backward_warp_32" };
static BLOCK_8: Function = Function { source: &SOURCE, name: "layer_norm_backward_block_8" };
static BLOCK_32: Function = Function { source: &SOURCE, name: "layer_norm_backward_block_32" };

/// Threads of a block that works on rows, as in `rows.cuh`.
const THREADS: usize = 256;
/// Rows of a part that each team sums, at least: fewer are not worth another block.
const ROWS: usize = 4;
/// Elements that each thread of [`WARP_8`] and [`BLOCK_8`] has at most. Tiles are so many columns, or a multiple.
const FEWEST: usize = 8;
/// The same of [`WARP_32`] and [`BLOCK_32`], and of rows that [`FORWARD`] keeps.
const MOST: usize = 32;

/// How sums over rows are split; a matter of the shape and the type of elements alone.
#[derive(Clone, Copy, Debug)]
struct Split {
    /// Columns of a block, whose sums its threads keep in registers: a row, or a part of one that is too wide for that.
    tile: usize,
    /// Blocks side by side.
    tiles: usize,
    /// Elements that a thread has at most.
    each: usize,
    parts: Parts,
}

impl Split {
    /// Of rows that are worked on by teams of so many threads, and that are of whole packs or not.
    fn of(rows: usize, dim: usize, team: usize, packs: bool) -> Self {
        // There are few rows of no whole packs, and kernels for them only where a thread has the fewest elements.
        let widest = team * if packs { MOST } else { FEWEST };
        let tile = dim.div_ceil(dim.div_ceil(widest).max(1)).max(1).next_multiple_of(FEWEST);
        let tiles = dim.div_ceil(tile).max(1);
        let teams = THREADS / team;
        let most = (BLOCKS / tiles).min(SCRATCH / Self::bytes(dim).max(1));
        Self { tile, tiles, each: tile.div_ceil(team), parts: Parts::of(rows, teams, ROWS * teams, most) }
    }

    /// Of the sums of a part.
    fn bytes(dim: usize) -> usize {
        2 * dim * size_of::<f32>()
    }

    fn kernel(&self, team: usize) -> &'static Function {
        match (team == THREADS, self.each) {
            (false, ..=FEWEST) => &WARP_8,
            (false, ..=24) => &WARP_24,
            (false, _) => &WARP_32,
            (true, ..=FEWEST) => &BLOCK_8,
            (true, _) => &BLOCK_32,
        }
    }
}

/// What the kernels that sum are given, as in `kernel.cu`. What is absent is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct Call {
    dx: u64,
    dweight: u64,
    dbias: u64,
    dy: u64,
    x: u64,
    mean: u64,
    rstd: u64,
    weight: u64,
    rows: i64,
    dim: i64,
    part_rows: i64,
    tile: i32,
    add_dx: i32,
    add_dweight: i32,
    add_dbias: i32,
}

// SAFETY: words of 8 bytes, and behind them an even number of words of 4: there is no gap.
unsafe impl Argument for Call {}

impl Call {
    /// dx alone.
    ///
    /// # Safety
    /// At every address that is not 0 there is as much as `rows` and `dim` say.
    unsafe fn rows<E: Elem>(&self, cuda: &Cuda<E>) -> Result<(), Error> {
        let Self { dx, dy, x, mean, rstd, weight, rows, dim, add_dx, .. } = *self;
        let Rows { grid, team } = Rows::of(rows as usize, dim as usize)?;
        // SAFETY: the caller's promise; of dx and dy, which may be one, each element is read and then written, by one
        // thread.
        unsafe {
            cuda.launch(
                &BACKWARD_ROWS,
                grid,
                &[&dx, &dy, &x, &mean, &rstd, &weight, &rows, &dim, &team, &add_dx],
            )
        }
    }

    /// dweight and dbias, and if a row is one tile, dx. Says whether it is.
    ///
    /// # Safety
    /// As that of `rows`.
    unsafe fn sums<E: Elem>(mut self, cuda: &Cuda<E>) -> Result<bool, Error> {
        let (rows, dim) = (self.rows as usize, self.dim as usize);
        let team = Rows::of(rows, dim)?.team as usize;
        let split = Split::of(rows, dim, team, dim.is_multiple_of(16 / size_of::<E>()));
        let (kernel, whole, parts) = (split.kernel(team), split.tiles == 1, split.parts.count);
        (self.part_rows, self.tile) = (split.parts.rows as i64, split.tile as i32);
        if !whole || self.dx == 0 {
            (self.dx, self.weight) = (0, 0);
        }
        let mut grid = Grid::of(split.tiles, THREADS as u32)?;
        grid.blocks.1 = parts as u32;
        if parts == 1 {
            // SAFETY: the caller's promise; of dx and dy, which may be one, each element is read and then written, by
            // one thread.
            unsafe { cuda.launch(kernel, grid, &[&self]) }?;
            return Ok(whole);
        }
        let scratch = cuda.gpu().scratch(parts * Split::bytes(dim))?;
        let mut totals = vec![];
        let sums = [(&mut self.dweight, &mut self.add_dweight), (&mut self.dbias, &mut self.add_dbias)];
        for ((to, add), start) in sums.into_iter().zip([0, parts * dim * size_of::<f32>()]) {
            if *to != 0 {
                let total = Total { to: *to, add: *add, from: scratch.address() + start as u64 };
                (*to, *add) = (total.from, 0);
                totals.push(total);
            }
        }
        // SAFETY: as above; scratch has a row of both sums for each part, and is held until all are launched.
        unsafe {
            cuda.launch(kernel, grid, &[&self])?;
            sum_parts(cuda, &totals, [parts, dim])?;
        }
        Ok(whole)
    }
}

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        args.check()?;
        let Forward { y, mean, rstd, sum, dropped, x, plus, mask, weight, bias } = args;
        let (rows, dim, n) = (batch * spec.rows, spec.dim, batch * spec.rows * spec.dim);
        check_lengths(&[(y.len(), n), (sum.as_ref().map_or(n, Address::len), n)])?;
        for term in [&x, &plus].into_iter().flatten() {
            check_lengths(&[(term.len(), n)])?;
        }
        for statistic in [&mean, &rstd].into_iter().flatten() {
            check_lengths(&[(statistic.len(), rows)])?;
        }
        for parameter in [&weight, &bias].into_iter().flatten() {
            check_lengths(&[(parameter.len(), dim)])?;
        }
        let Rows { grid, team } = Rows::of(rows, dim)?;
        let (mut x, mut mask) = (x.unwrap_or_else(|| y.held()), mask);
        // Else the kernel does it as it reads the row.
        if dropped.is_some() || !Drawn::is_of_rows(dim) || dim > MOST * team as usize {
            x = drop_out_first(self, mask.take(), &y, dropped.as_ref(), x)?;
        }
        let (y, mean, rstd) = (y.address(), mean.address(), rstd.address());
        let (sum, x, plus) = (sum.address(), x.address(), plus.address());
        let (weight, bias, eps) = (weight.address(), bias.address(), spec.eps as f32);
        let (count, length) = (rows as i64, dim as i64);
        // SAFETY: y and x have `rows` rows of `dim` elements; of the others, those that are there have the lengths
        // checked above. Where y is x, each element is one thread's, which reads it for the last time before it writes it.
        Drawn::with(self.gpu(), mask, |drawn| unsafe {
            self.launch(
                &FORWARD,
                grid,
                &[&y, &mean, &rstd, &sum, &x, &plus, &drawn, &weight, &bias, &count, &length, &eps, &team],
            )
        })
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dweight, dbias, dy, x, mean, rstd, weight } = args;
        let (rows, dim, n) = (batch * spec.rows, spec.dim, batch * spec.rows * spec.dim);
        let dy = given_or_held(dy, dx.as_ref(), |dx| dx.held())?;
        check_lengths(&[(x.len(), n), (mean.len(), rows), (rstd.len(), rows)])?;
        check_lengths(&[(dx.as_ref().map_or(n, Address::len), n), (dy.len(), n)])?;
        check_lengths(&[(weight.as_ref().map_or(dim, Address::len), dim)])?;
        for of in [&dweight, &dbias].into_iter().flatten() {
            check_lengths(&[(of.len(), dim)])?;
        }
        let call = Call {
            dx: dx.address(),
            dweight: dweight.address(),
            dbias: dbias.address(),
            dy: dy.address(),
            x: x.address(),
            mean: mean.address(),
            rstd: rstd.address(),
            weight: weight.address(),
            rows: rows as i64,
            dim: dim as i64,
            part_rows: 0,
            tile: 0,
            add_dx: i32::from(dx.as_ref().is_some_and(|dx| dx.add)),
            add_dweight: i32::from(dweight.as_ref().is_some_and(|of| of.add)),
            add_dbias: i32::from(dbias.as_ref().is_some_and(|of| of.add)),
        };
        // SAFETY: dy, x and dx have `rows` rows of `dim` elements, mean and rstd one for each row; weight, dweight and dbias
        // have `dim`.
        let done = (dweight.is_some() || dbias.is_some()) && unsafe { call.sums(self) }?;
        // Behind the sums: it may be written over dy, which they read.
        if done || dx.is_none() {
            return Ok(());
        }
        // SAFETY: as above.
        unsafe { call.rows(self) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row and every column is in one part, and there is room for what the parts' sums need.
    #[test]
    fn parts_have_every_row_once() {
        for dim in [
            1, 7, 8, 9, 256, 257, 768, 1023, 1024, 1025, 1600, 8192, 8193, 8200, 24_600, 1_000_003, 9_000_000,
        ] {
            for rows in [1, 2, 4, 5, 31, 32, 33, 1000, 4097, 65_536, 12_345_678] {
                for packs in [false, true] {
                    let team = Rows::of(rows, dim).expect("a grid").team as usize;
                    let split = Split::of(rows, dim, team, packs);
                    let what = format!("{rows} {dim} {packs} {split:?}");
                    split.parts.check(rows, THREADS / team);
                    let parts = split.parts.count;
                    assert!(parts == 1 || parts * Split::bytes(dim) <= SCRATCH, "{what}");
                    assert!(parts == 1 || parts * split.tiles <= BLOCKS, "{what}");
                    assert!(
                        (split.tiles - 1) * split.tile < dim && split.tiles * split.tile >= dim,
                        "{what}"
                    );
                    assert!(split.tile.is_multiple_of(FEWEST), "{what}");
                    assert!(
                        split.each <= if packs { MOST } else { FEWEST } && split.tile <= split.each * team,
                        "{what}"
                    );
                }
            }
        }
    }
}
