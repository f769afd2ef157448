//! Mean on a GPU. y: =; dx: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Rows, Source};
use crate::error::Error;

pub(crate) static SOURCE: Source = Source { name: "mean", text: include_str!("kernel.cu") };
static FORWARD_ROWS: Function = Function { source: &SOURCE, name: "mean_forward_rows" };
static FORWARD_COLUMNS: Function = Function { source: &SOURCE, name: "mean_forward_columns" };
static BACKWARD_ROWS: Function = Function { source: &SOURCE, name: "mean_backward_rows" };
static BACKWARD_COLUMNS: Function = Function { source: &SOURCE, name: "mean_backward_columns" };

/// Threads of a block, `ROW_THREADS` in `rows.cuh`.
const THREADS: usize = 256;

/// Threads that share a column of `len` elements, and blocks of as many columns as there is room for.
fn columns(count: usize, len: usize) -> Result<(Grid, i32), Error> {
    // Of a long column, so many that its neighbours in a block still fill a line.
    let lanes = if len < 32 { 1 } else { 8 };
    Ok((Grid::of(count.div_ceil(THREADS / lanes), THREADS as u32)?, lanes as i32))
}

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x } = args;
        let Spec { outer, len, inner } = *spec;
        let n = batch * outer * inner;
        check_lengths(&[(y.len(), n), (x.len(), n * len)])?;
        let (y, x) = (y.address(), x.address());
        let (count, length) = (n as i64, len as i64);
        if inner == 1 {
            let Rows { grid, team } = Rows::of(n, len)?;
            // SAFETY: x has n rows of `len` elements, y one element for each.
            return unsafe { self.launch(&FORWARD_ROWS, grid, &[&y, &x, &count, &length, &team]) };
        }
        let (grid, lanes) = columns(n, len)?;
        let inner = inner as i64;
        // SAFETY: x has [batch, outer, len, inner] elements, y has [batch, outer, inner].
        unsafe { self.launch(&FORWARD_COLUMNS, grid, &[&y, &x, &count, &length, &inner, &lanes]) }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dy } = args;
        let Some(dx) = dx else { return Ok(()) };
        let Spec { outer, len, inner } = *spec;
        let n = batch * outer * inner;
        check_lengths(&[(dx.len(), n * len), (dy.len(), n)])?;
        let add = i32::from(dx.add);
        let (dx, dy) = (dx.address(), dy.address());
        let (count, length, inner) = (n as i64, len as i64, inner as i64);
        if inner == 1 {
            let Rows { grid, team } = Rows::of(n, len)?;
            // SAFETY: dx has n rows of `len` elements, dy one element for each.
            return unsafe { self.launch(&BACKWARD_ROWS, grid, &[&dx, &dy, &count, &length, &team, &add]) };
        }
        let (grid, lanes) = columns(n, len)?;
        // SAFETY: dx has [batch, outer, len, inner] elements, dy has [batch, outer, inner].
        unsafe { self.launch(&BACKWARD_COLUMNS, grid, &[&dx, &dy, &count, &length, &inner, &lanes, &add]) }
    }
}
