//! LayerNorm on a GPU. y, mean, rstd: =; dx, dweight, dbias: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Rows, Source};
use crate::device::given_or_held;
use crate::error::Error;

pub(crate) static SOURCE: Source = Source { name: "layer_norm", text: include_str!("kernel.cu") };
static FORWARD: Function = Function { source: &SOURCE, name: "layer_norm_forward" };
static BACKWARD_ROWS: Function = Function { source: &SOURCE, name: "layer_norm_backward_rows" };
static BACKWARD_COLUMNS: Function = Function { source: &SOURCE, name: "layer_norm_backward_columns" };

/// Threads of a block that sums down columns, as in `kernel.cu`.
const COLUMN_THREADS: u32 = 512;

/// Columns of a block, a power of two: as few as 32 bytes, the least that is fetched at once, where there are not enough
/// for many blocks.
fn columns_of_block(dim: usize) -> usize {
    if dim < 4096 { 8 } else { 32 }
}

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        args.check()?;
        let Forward { y, mean, rstd, sum, x, plus, weight, bias } = args;
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
        let (y, mean, rstd) = (y.address(), mean.address(), rstd.address());
        let (sum, x, plus) = (sum.address(), x.map_or(y, |x| x.address()), plus.address());
        let (weight, bias, eps) = (weight.address(), bias.address(), spec.eps as f32);
        let (count, length) = (rows as i64, dim as i64);
        let Rows { grid, team } = Rows::of(rows, dim)?;
        // SAFETY: y and x have `rows` rows of `dim` elements; of the others, those that are there have the lengths
        // checked above. Where y is x, each element is one thread's, which reads it for the last time before it writes it.
        unsafe {
            self.launch(
                &FORWARD,
                grid,
                &[&y, &mean, &rstd, &sum, &x, &plus, &weight, &bias, &count, &length, &eps, &team],
            )
        }
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
        let (dy, x, mean, rstd) = (dy.address(), x.address(), mean.address(), rstd.address());
        let (weight, count, length) = (weight.address(), rows as i64, dim as i64);
        if dweight.is_some() || dbias.is_some() {
            let [add_dweight, add_dbias] =
                [&dweight, &dbias].map(|of| i32::from(of.as_ref().is_some_and(|of| of.add)));
            let (dweight, dbias, columns) = (dweight.address(), dbias.address(), columns_of_block(dim));
            let grid = Grid::of(dim.div_ceil(columns), COLUMN_THREADS)?;
            let columns = columns as i32;
            // SAFETY: dy and x have `rows` rows of `dim` elements, mean and rstd an element for each row; dweight and
            // dbias have `dim` where they are there.
            unsafe {
                self.launch(
                    &BACKWARD_COLUMNS,
                    grid,
                    &[
                        &dweight,
                        &dbias,
                        &dy,
                        &x,
                        &mean,
                        &rstd,
                        &count,
                        &length,
                        &columns,
                        &add_dweight,
                        &add_dbias,
                    ],
                )?;
            }
        }
        // It may be written over dy, which the sums above have read.
        let Some(dx) = dx else { return Ok(()) };
        let (dx, add) = (dx.address(), i32::from(dx.add));
        let Rows { grid, team } = Rows::of(rows, dim)?;
        // SAFETY: as above, for dx too, and a weight that is there has `dim` elements; of dx and dy, each element is read
        // and then written, by one thread.
        unsafe {
            self.launch(
                &BACKWARD_ROWS,
                grid,
                &[&dx, &dy, &x, &mean, &rstd, &weight, &count, &length, &team, &add],
            )
        }
    }
}
