//! What several ops move and add.

use super::{Address, Cuda, Elem, Function, Grid, Source};
use crate::cpu::elementwise::check_lengths;
use crate::error::Error;

pub(crate) static SOURCE: Source = Source { name: "elementwise", text: include_str!("kernel.cu") };
static COPY: Function = Function { source: &SOURCE, name: "elementwise_copy" };
static BROADCAST: Function = Function { source: &SOURCE, name: "elementwise_broadcast" };
static SUM_SAMPLES: Function = Function { source: &SOURCE, name: "elementwise_sum_samples" };
static COLUMNS: Function = Function { source: &SOURCE, name: "elementwise_columns" };

/// Some columns of rows: from `first` on, of rows of `of` elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns<V> {
    pub(crate) at: V,
    pub(crate) first: usize,
    pub(crate) of: usize,
}

/// That a view has this many elements.
pub(crate) fn check(view: &impl Address, expected: usize) -> Result<(), Error> {
    check_lengths(&[(view.len(), expected)])
}

impl<E: Elem> Cuda<E> {
    /// to = or += sign from; `to` may be `from`
    pub(crate) fn copy(
        &self,
        to: &impl Address,
        from: &impl Address,
        sign: f32,
        add: bool,
    ) -> Result<(), Error> {
        let n = to.len();
        check(from, n)?;
        let (to, from, add) = (to.address(), from.address(), i32::from(add));
        // SAFETY: both have n elements; each is read and then written, by one thread.
        unsafe {
            self.launch(&COPY, Grid::elementwise::<E>(self.gpu(), n), &[&to, &from, &(n as i64), &sign, &add])
        }
    }

    /// y[batch, m] = x[batch, m] + the first m of weight, or those alone
    pub(crate) fn broadcast(
        &self,
        y: &impl Address,
        x: Option<&dyn Address>,
        weight: &impl Address,
        m: usize,
        batch: usize,
    ) -> Result<(), Error> {
        check(y, batch * m)?;
        if x.is_some_and(|x| x.len() != y.len()) || weight.len() < m {
            return Err(Error::internal("a broadcast of arrays that do not fit"));
        }
        let mut grid = Grid::with_stride(self.gpu(), m);
        grid.blocks.1 = batch.clamp(1, 1 << 10) as u32;
        let (y, x, weight) = (y.address(), x.map_or(0, Address::address), weight.address());
        // SAFETY: their lengths were looked at.
        unsafe { self.launch(&BROADCAST, grid, &[&y, &x, &weight, &(m as i64), &(batch as i64)]) }
    }

    /// dweight = or += the sum of dy[batch, m] over the samples, and 0 from m on
    pub(crate) fn sum_samples(
        &self,
        dweight: &impl Address,
        dy: &impl Address,
        m: usize,
        batch: usize,
        add: bool,
    ) -> Result<(), Error> {
        check(dy, batch * m)?;
        let total = dweight.len();
        if total < m {
            return Err(Error::internal("the sum over samples of more than its gradient holds"));
        }
        let grid = Grid::with_stride(self.gpu(), total);
        let (dweight, dy, add) = (dweight.address(), dy.address(), i32::from(add));
        let (m, batch, total) = (m as i64, batch as i64, total as i64);
        // SAFETY: their lengths were looked at.
        unsafe { self.launch(&SUM_SAMPLES, grid, &[&dweight, &dy, &m, &batch, &total, &add]) }
    }

    /// `width` columns of each row of `to` = or += as many of each of `from`
    pub(crate) fn columns(
        &self,
        to: Columns<&dyn Address>,
        from: Columns<&dyn Address>,
        rows: usize,
        width: usize,
        add: bool,
    ) -> Result<(), Error> {
        let fits =
            |side: &Columns<&dyn Address>| side.first + width <= side.of && side.at.len() == rows * side.of;
        if !fits(&to) || !fits(&from) {
            return Err(Error::internal("columns of arrays that do not have them"));
        }
        // 32 threads side by side, a pack each if they can, and 8 rows.
        let across = 32 * 16 / size_of::<E>();
        let grid = Grid {
            blocks: (
                width.div_ceil(across).clamp(1, 64) as u32,
                rows.div_ceil(8).clamp(1, 1 << 12) as u32,
                1,
            ),
            threads: (32, 8, 1),
            shared: 0,
        };
        let (out, input) = (to.at.address(), from.at.address());
        let [to_first, to_of, from_first, from_of, rows, width] =
            [to.first, to.of, from.first, from.of, rows, width].map(|number| number as i64);
        let add = i32::from(add);
        // SAFETY: every row has these columns.
        unsafe {
            self.launch(
                &COLUMNS,
                grid,
                &[&out, &to_first, &to_of, &input, &from_first, &from_of, &rows, &width, &add],
            )
        }
    }
}
