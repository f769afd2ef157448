//! Rows that hold a window of other rows: what joining and cutting along an axis are.

use super::elementwise::{Apply, CHUNK, Identity, check_lengths};
use super::parts::chunks;
use super::pool::Pool;
use super::simd::Float;
use crate::device::Grad;
use crate::error::Error;

/// Rows of `len` elements, of which the window begins at `at`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    pub(crate) len: usize,
    pub(crate) at: usize,
}

/// What becomes of a row beside its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// It stays.
    Keep,
    /// It gets 0, unless the window is added to what is there.
    Zero,
}

/// In each row of `to`, the `width` elements of the window = or += those of the same row of `from`.
pub(crate) fn copy_windows<E: Float>(
    pool: &Pool,
    to: Grad<&mut [E]>,
    to_rows: Rows,
    (from, from_rows): (&[E], Rows),
    width: usize,
    beside: Beside,
) -> Result<(), Error> {
    let Grad { to, add } = to;
    let rows = to.len() / to_rows.len;
    check_lengths(&[(to.len(), rows * to_rows.len), (from.len(), rows * from_rows.len)])?;
    let each = (CHUNK / to_rows.len).max(1);
    pool.run_parts(chunks(to, each * to_rows.len), |task, to, _| {
        let from = from[task * each * from_rows.len..].chunks_exact(from_rows.len);
        for (to, from) in to.chunks_exact_mut(to_rows.len).zip(from) {
            if beside == Beside::Zero && !add {
                to[..to_rows.at].fill(E::ZERO);
                to[to_rows.at + width..].fill(E::ZERO);
            }
            let to = &mut to[to_rows.at..to_rows.at + width];
            let from = [&from[from_rows.at..from_rows.at + width]];
            pool.level().run(Apply { f: Identity, to, add, from });
        }
    })
}
