//! Softmax on a GPU. y: =; dx: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Rows, Source};
use crate::error::Error;

pub(crate) static SOURCE: Source = Source { name: "softmax", text: include_str!("kernel.cu") };
static FORWARD_ROWS: Function = Function { source: &SOURCE, name: "softmax_forward_rows" };
static FORWARD_COLUMNS: Function = Function { source: &SOURCE, name: "softmax_forward_columns" };
static BACKWARD_ROWS: Function = Function { source: &SOURCE, name: "softmax_backward_rows" };
static BACKWARD_COLUMNS: Function = Function { source: &SOURCE, name: "softmax_backward_columns" };

/// Threads of a block that works on columns.
const THREADS: u32 = 128;

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x } = args;
        let Spec { outer, len, inner } = *spec;
        let columns = batch * outer * inner;
        check_lengths(&[(y.len(), columns * len), (x.len(), columns * len)])?;
        let (y, x) = (y.address(), x.address());
        let (count, length) = (columns as i64, len as i64);
        if inner == 1 {
            let Rows { grid, team } = Rows::of(columns, len)?;
            // SAFETY: both have `columns` rows of `len` elements.
            return unsafe { self.launch(&FORWARD_ROWS, grid, &[&y, &x, &count, &length, &team]) };
        }
        let grid = Grid::of(columns.div_ceil(THREADS as usize), THREADS)?;
        // SAFETY: both have [batch, outer, len, inner] elements.
        unsafe { self.launch(&FORWARD_COLUMNS, grid, &[&y, &x, &count, &length, &(inner as i64)]) }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dy, y } = args;
        let Some(dx) = dx else { return Ok(()) };
        let Spec { outer, len, inner } = *spec;
        let columns = batch * outer * inner;
        let n = columns * len;
        check_lengths(&[(dx.len(), n), (dy.len(), n), (y.len(), n)])?;
        let add = i32::from(dx.add);
        let (dx, dy, y) = (dx.address(), dy.address(), y.address());
        let (count, length, inner) = (columns as i64, len as i64, inner as i64);
        if inner == 1 {
            let Rows { grid, team } = Rows::of(columns, len)?;
            // SAFETY: all three have `columns` rows of `len` elements.
            return unsafe {
                self.launch(&BACKWARD_ROWS, grid, &[&dx, &dy, &y, &count, &length, &team, &add])
            };
        }
        let grid = Grid::of(columns.div_ceil(THREADS as usize), THREADS)?;
        // SAFETY: all three have [batch, outer, len, inner] elements.
        unsafe { self.launch(&BACKWARD_COLUMNS, grid, &[&dx, &dy, &y, &count, &length, &inner, &add]) }
    }
}
