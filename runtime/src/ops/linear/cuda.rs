//! Linear on a GPU: three products, and sums of columns. y, z: =; dx, dW, db: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Product, Source, Start, View, ViewMut};
use crate::device::{Grad, ParamGrad, given_or_held};
use crate::error::Error;
use crate::ops::activation::cuda::apply;

pub(crate) static SOURCE: Source = Source { name: "linear", text: include_str!("kernel.cu") };
static ROUND: Function = Function { source: &SOURCE, name: "linear_round" };
static BIAS: Function = Function { source: &SOURCE, name: "linear_bias" };
static BIAS_PARTS: Function = Function { source: &SOURCE, name: "linear_bias_parts" };
static BIAS_TOTAL: Function = Function { source: &SOURCE, name: "linear_bias_total" };

/// Threads of a block, as in `kernel.cu`.
const THREADS: usize = 256;
/// Blocks that sum columns, if there is as much to sum: some for each multiprocessor of the largest GPUs. Not as many
/// as this GPU has, so that sums are the same on all.
const BLOCKS: usize = 1024;
/// Rows of a part that each thread sums, at least: fewer are not worth another block.
const ROWS: usize = 16;

impl<E: Elem> Kernel for Cuda<E> {
    /// z is activated by a pass of its own, whether y is wanted or not: what cublasLt activates by itself may differ in
    /// its last bits, and a plan changes none.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, z, x, weight, bias, rounded } = args;
        let (m, n, k) = (batch * spec.rows, spec.outputs, spec.inputs);
        check_lengths(&[(weight.len(), n * k)])?;
        for to in [&y, &z].into_iter().flatten() {
            check_lengths(&[(to.len(), m * n)])?;
        }
        let activated = match (&z, spec.activation) {
            (Some(z), Some(activation)) => Some((z.address(), activation)),
            (None, None) => None,
            (z, activation) => {
                let z = if z.is_some() { "an" } else { "no" };
                return Err(Error::internal(format!(
                    "Linear with {z} output for the activation {activation:?}"
                )));
            }
        };
        // What only the activation reads is activated where it is.
        let Some(mut y) = y.or(z) else { return Ok(()) };
        let [product, ..] = products(spec, m);
        let (weight, bias) = as_elems(self, spec, rounded, weight, bias)?;
        self.gpu().multiply(&product, Start::of_row(bias), &mut y, x, weight)?;
        let Some((z, activation)) = activated else { return Ok(()) };
        // SAFETY: both have m n elements.
        unsafe { apply(self, activation, z, y.address(), m * n) }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dweight, dbias, dy, x, weight, rounded } = args;
        let (rows, inputs, outputs) = (batch * spec.rows, spec.inputs, spec.outputs);
        check_lengths(&[(dy.len(), rows * outputs), (weight.len(), outputs * inputs)])?;
        let [_, of_x, of_weight] = products(spec, rows);
        if let Some(Grad { mut to, add }) = dweight {
            // `dx` takes the place of x when this has read it.
            let x = given_or_held(x, dx.as_ref(), |dx| dx.held())?;
            self.gpu().multiply(&of_weight, Start::of(add), &mut to, dy, x)?;
        }
        if let Some(dbias) = dbias {
            check_lengths(&[(dbias.len(), outputs)])?;
            // SAFETY: dbias has `outputs` elements, and dy `rows` times as many.
            unsafe { sum_columns(self, dbias, dy, rows, outputs) }?;
        }
        if let Some(Grad { mut to, add }) = dx {
            let (weight, _) = as_elems(self, spec, rounded, weight, None)?;
            self.gpu().multiply(&of_x, Start::of(add), &mut to, dy, weight)?;
        }
        Ok(())
    }
}

/// Of so many rows: x W^T, dy W, and dy^T x.
pub(crate) fn products(spec: &Spec, rows: usize) -> [Product; 3] {
    let Spec { inputs, outputs, .. } = *spec;
    let product =
        |[m, n, k]: [usize; 3], a_transposed, b_transposed| Product { m, n, k, a_transposed, b_transposed };
    [
        product([rows, outputs, inputs], false, true),
        product([rows, inputs, outputs], false, false),
        product([outputs, inputs, rows], true, false),
    ]
}

/// A weight and a bias as a product with elements takes them: as they are, or rounded into the room for that.
pub(crate) fn as_elems<'a, E: Elem>(
    cuda: &Cuda<E>,
    spec: &Spec,
    rounded: ViewMut<'a, E>,
    weight: View<'a, f32>,
    bias: Option<View<'a, f32>>,
) -> Result<(View<'a, E>, Option<View<'a, E>>), Error> {
    if let Some(weight) = E::of_params(weight) {
        return Ok((weight, bias.and_then(E::of_params)));
    }
    check_lengths(&[(rounded.len(), spec.rounded_len(bias.is_some()))])?;
    let Some(bias) = bias else { return Ok((round(cuda, rounded, weight)?, None)) };
    let (to_weight, to_bias) = rounded.split_at(spec.rounded_bias())?;
    // Between the two there may be some that belong to neither.
    let (to_weight, _) = to_weight.split_at(weight.len())?;
    Ok((round(cuda, to_weight, weight)?, Some(round(cuda, to_bias, bias)?)))
}

/// to = round(from)
fn round<'a, E: Elem>(cuda: &Cuda<E>, to: ViewMut<'a, E>, from: View<'_, f32>) -> Result<View<'a, E>, Error> {
    let n = from.len();
    check_lengths(&[(to.len(), n)])?;
    let grid = Grid::elementwise::<E>(cuda.gpu(), n);
    // SAFETY: both have n elements.
    unsafe { cuda.launch(&ROUND, grid, &[&to.address(), &from.address(), &(n as i64)]) }?;
    Ok(to.into_view())
}

/// How columns are summed; a matter of the shape alone.
#[derive(Clone, Copy, Debug)]
struct Sums {
    /// Columns of a thread.
    width: usize,
    /// Threads side by side in a block; the others are on other rows.
    lanes: usize,
    /// Blocks side by side.
    tiles: usize,
    /// Rows of a part.
    part_rows: usize,
    parts: usize,
}

impl Sums {
    fn of(rows: usize, outputs: usize) -> Self {
        let width = if outputs.is_multiple_of(4) { 4 } else { 1 };
        let lanes = outputs.div_ceil(width).clamp(1, 32).next_power_of_two();
        let tiles = outputs.div_ceil(lanes * width);
        let least = ROWS * THREADS / lanes;
        let parts = (BLOCKS / tiles.max(1)).min(rows.div_ceil(least)).max(1);
        let part_rows = rows.div_ceil(parts).max(1);
        Self { width, lanes, tiles, part_rows, parts: rows.div_ceil(part_rows) }
    }

    fn grid(&self, parts: usize) -> Result<Grid, Error> {
        let mut grid = Grid::of(self.tiles, THREADS as u32)?;
        grid.blocks.1 = parts as u32;
        grid.threads = (self.lanes as u32, (THREADS / self.lanes) as u32, 1);
        Ok(grid)
    }
}

/// dbias = or += the sum of dy over the rows.
///
/// # Safety
/// dbias must have `outputs` elements, and dy `rows` times as many.
pub(crate) unsafe fn sum_columns<E: Elem>(
    cuda: &Cuda<E>,
    dbias: ParamGrad<'_, Cuda<E>>,
    dy: View<'_, E>,
    rows: usize,
    outputs: usize,
) -> Result<(), Error> {
    let sums = Sums::of(rows, outputs);
    let (add, width) = (i32::from(dbias.add), sums.width as i32);
    let (db, dy, parts) = (dbias.address(), dy.address(), sums.parts as i64);
    let (rows, n, part_rows) = (rows as i64, outputs as i64, sums.part_rows as i64);
    let grid = sums.grid(1)?;
    if sums.parts <= 1 {
        // SAFETY: the caller's promise.
        return unsafe { cuda.launch(&BIAS, grid, &[&db, &dy, &rows, &n, &width, &add]) };
    }
    let scratch = cuda.gpu().scratch(sums.parts * outputs * size_of::<f32>())?;
    let at = scratch.address();
    // SAFETY: the caller's promise; scratch has a row of sums for each part, and is held until both are launched.
    unsafe {
        cuda.launch(&BIAS_PARTS, sums.grid(sums.parts)?, &[&at, &dy, &rows, &n, &part_rows, &width])?;
        cuda.launch(&BIAS_TOTAL, grid, &[&db, &at, &parts, &n, &width, &add])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row is in one part, and what the parts' sums need is there.
    #[test]
    fn parts_have_every_row_once() {
        for outputs in [1, 2, 3, 4, 31, 32, 33, 128, 129, 1000, 4096, 1_000_003] {
            for rows in [1, 2, 15, 16, 17, 128, 129, 4095, 4097, 100_000, 12_345_678] {
                let sums = Sums::of(rows, outputs);
                assert!(
                    sums.parts >= 1 && (sums.parts - 1) * sums.part_rows < rows,
                    "{rows} {outputs} {sums:?}"
                );
                assert!(sums.parts * sums.part_rows >= rows, "{rows} {outputs} {sums:?}");
                assert!(sums.tiles * sums.lanes * sums.width >= outputs, "{rows} {outputs} {sums:?}");
                assert!(sums.parts == 1 || sums.parts * outputs <= BLOCKS * 128, "{rows} {outputs} {sums:?}");
                assert!(THREADS.is_multiple_of(sums.lanes) && sums.lanes.is_power_of_two(), "{sums:?}");
            }
        }
    }
}
