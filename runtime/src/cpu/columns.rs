//! Sums of columns over rows, in an order that no number of threads changes.

use super::elementwise::{Add, Apply, Identity};
use super::parts::chunks;
use super::pool::Pool;
use super::simd::{Float, Job, Simd};
use crate::device::Grad;
use crate::error::Error;

/// Columns that are summed at once: a few registers.
const COLUMNS: usize = 64;
/// Rows that are summed in order; then these sums are.
const ROWS: usize = 128;

/// sums [columns] = or += the sum of x [rows, columns] over the rows.
pub(crate) fn sum_columns<E: Float>(pool: &Pool, sums: Grad<&mut [E]>, x: &[E]) -> Result<(), Error> {
    let Grad { to, add } = sums;
    let columns = to.len();
    pool.run_parts(chunks(to, COLUMNS), |task, to, _| {
        pool.level().run(SumColumns { to, add, x, columns, start: task * COLUMNS });
    })
}

struct SumColumns<'a, E> {
    to: &'a mut [E],
    add: bool,
    x: &'a [E],
    columns: usize,
    start: usize,
}

impl<E: Float> Job for SumColumns<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { to, add, x, columns, start } = self;
        let width = to.len();
        let mut total = [E::ZERO; COLUMNS];
        for rows in x.chunks(ROWS * columns) {
            let mut sums = [E::ZERO; COLUMNS];
            for row in rows.chunks_exact(columns) {
                let row = &row[start..start + width];
                // A whole block has a length that the compiler knows: its sums stay in registers.
                match row.first_chunk::<COLUMNS>() {
                    Some(row) => sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += *x),
                    None => sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += *x),
                }
            }
            let before = total;
            Apply { f: Add, to: &mut total, add: false, from: [&before, &sums] }.run::<S>();
        }
        Apply { f: Identity, to, add, from: [&total[..width]] }.run::<S>();
    }
}
