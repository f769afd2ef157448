//! Moves between matrices of different widths: joining columns, and taking some of them.
//!
//! A task writes [`CHUNK`] elements that follow each other, wherever rows begin and end in them.

use std::ops::Range;

use super::elementwise::{Apply, CHUNK, Identity};
use super::parts::chunks;
use super::pool::Pool;
use super::simd::{Float, Job, Simd};
use crate::device::Grad;
use crate::error::Error;

/// A run of elements in one row of a matrix.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    /// The row.
    pub(crate) row: usize,
    /// The column of the first.
    pub(crate) column: usize,
    /// Where they are in the chunk.
    pub(crate) at: Range<usize>,
}

/// The rows of `width` elements that a chunk of `len` elements from `start` on touches.
#[inline(always)]
pub(crate) fn runs(start: usize, len: usize, width: usize) -> impl Iterator<Item = Run> {
    // A row of nothing holds no element, so there is none to run over.
    let (mut row, mut column) =
        (start.checked_div(width).unwrap_or(0), start.checked_rem(width).unwrap_or(0));
    let (mut at, len) = (0, if width == 0 { 0 } else { len });
    std::iter::from_fn(move || {
        let end = len.min(at + width - column.min(width));
        let run = (at < len).then_some(Run { row, column, at: at..end })?;
        (row, column, at) = (row + 1, 0, end);
        Some(run)
    })
}

/// Which columns of a wider matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    /// The first.
    pub(crate) first: usize,
    /// How many.
    pub(crate) width: usize,
    /// How many the wider matrix has.
    pub(crate) of: usize,
}

/// to = or += some columns of `from`.
pub(crate) fn take_columns<E: Float>(
    pool: &Pool,
    grad: Grad<&mut [E]>,
    from: &[E],
    columns: Columns,
) -> Result<(), Error> {
    let Grad { to, add } = grad;
    pool.run_parts(chunks(to, CHUNK), |task, to, _| {
        pool.level().run(Take { to, add, from, columns, start: task * CHUNK });
    })
}

struct Take<'a, E> {
    to: &'a mut [E],
    add: bool,
    from: &'a [E],
    columns: Columns,
    start: usize,
}

impl<E: Float> Job for Take<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Columns { first, width, of } = self.columns;
        for Run { row, column, at } in runs(self.start, self.to.len(), width) {
            let from = &self.from[row * of + first + column..][..at.len()];
            Apply { f: Identity, to: &mut self.to[at], add: self.add, from: [from] }.run::<S>();
        }
    }
}

/// Some columns of `to` += from.
pub(crate) fn add_columns<E: Float>(
    pool: &Pool,
    to: &mut [E],
    from: &[E],
    columns: Columns,
) -> Result<(), Error> {
    let Columns { first, width, of } = columns;
    pool.run_parts(chunks(to, CHUNK), |task, to, _| {
        for Run { row, column, at } in runs(task * CHUNK, to.len(), of) {
            let (start, end) = (column.max(first), (column + at.len()).min(first + width));
            if start < end {
                let from = &from[row * width + start - first..][..end - start];
                let to = &mut to[at][start - column..end - column];
                pool.level().run(Apply { f: Identity, to, add: true, from: [from] });
            }
        }
    })
}

/// to = matrices side by side: block k gives its width, and its elements, or none for zeros.
pub(crate) fn join_columns<'a, E: Float>(
    pool: &Pool,
    to: &mut [E],
    blocks: usize,
    block: impl Fn(usize) -> (usize, Option<&'a [E]>) + Sync,
) -> Result<(), Error> {
    let width = (0..blocks).map(|k| block(k).0).sum();
    pool.run_parts(chunks(to, CHUNK), |task, to, _| {
        for Run { row, column, at } in runs(task * CHUNK, to.len(), width) {
            let (mut k, mut skip, mut rest) = (0, column, &mut to[at]);
            while !rest.is_empty() && k < blocks {
                let (width, from) = block(k);
                if skip < width {
                    let (now, later) = rest.split_at_mut(rest.len().min(width - skip));
                    match from {
                        Some(from) => now.copy_from_slice(&from[row * width + skip..][..now.len()]),
                        None => now.fill(E::ZERO),
                    }
                    rest = later;
                }
                (k, skip) = (k + 1, skip.saturating_sub(width));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_end_where_rows_end() {
        let all: Vec<Run> = runs(5, 6, 4).collect();
        let run = |row, column, at| Run { row, column, at };
        assert_eq!(all, [run(1, 1, 0..3), run(2, 0, 3..6)]);
        assert_eq!(runs(0, 4, 4).collect::<Vec<_>>(), [run(0, 0, 0..4)]);
        assert_eq!(runs(0, 4, 0).count(), 0);
    }
}
