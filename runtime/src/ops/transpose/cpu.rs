//! Transpose on the CPU.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{Apply, CHUNK, Identity, check_lengths};
use crate::cpu::parts::{Grid, tiles};
use crate::cpu::pool::Pool;
use crate::cpu::simd::{Float, Job, Simd};
use crate::device::Grad;
use crate::error::Error;

/// Rows and columns of a block whose elements are moved one by one: a line of f32 each way, so that
/// each line is read and written whole while it is in the cache.
const BLOCK: usize = 16;

impl<E: Float> Kernel for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x } = args;
        transpose(self.pool(), spec, batch, Grad { to: y, add: false }, x)
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dy } = args;
        // The axes swapped back.
        let spec = Spec { a: spec.b, b: spec.a, ..*spec };
        dx.map_or(Ok(()), |dx| transpose(self.pool(), &spec, batch, dx, dy))
    }
}

/// to[b, mid, a] = or += from[a, mid, b]; a task writes some b of one [b, mid, a, inner].
fn transpose<E: Float>(
    pool: &Pool,
    spec: &Spec,
    batch: usize,
    grad: Grad<&mut [E]>,
    from: &[E],
) -> Result<(), Error> {
    let Spec { outer, a, mid, b, inner } = *spec;
    let (row, matrix) = (mid * a * inner, b * mid * a * inner);
    let Grad { to, add } = grad;
    check_lengths(&[(to.len(), batch * outer * matrix), (from.len(), batch * outer * matrix)])?;
    // Whole blocks, and enough of them for a task.
    let rows = (CHUNK / row.max(1)).next_multiple_of(BLOCK).max(BLOCK).min(b.max(1));
    let grid = Grid { rows: 1, columns: matrix, tile_rows: 1, tile_columns: rows * row };
    let per_matrix = b.div_ceil(rows);
    pool.run_parts(tiles(to, grid), |task, mut to, _| {
        let from = &from[task / per_matrix * matrix..][..matrix];
        let first = task % per_matrix * rows;
        pool.level().run(Swap { to: to.row(0), add, from, spec, first });
    })
}

struct Swap<'a, E> {
    /// [some b, mid, a, inner]
    to: &'a mut [E],
    add: bool,
    /// [a, mid, b, inner]
    from: &'a [E],
    spec: &'a Spec,
    /// The first b of `to`.
    first: usize,
}

impl<E: Float> Job for Swap<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let Spec { a, mid, inner, .. } = *self.spec;
        let rows = self.to.len() / (mid * a * inner);
        for m in 0..mid {
            for j in (0..rows).step_by(BLOCK) {
                for i in (0..a).step_by(BLOCK) {
                    let (height, width) = (BLOCK.min(rows - j), BLOCK.min(a - i));
                    match (inner, height, width) {
                        (1, BLOCK, BLOCK) => self.block::<S>(m, j, i),
                        _ => self.rest::<S>(m, j..j + height, i..i + width),
                    }
                }
            }
        }
    }
}

impl<E: Float> Swap<'_, E> {
    fn to_at(&self, m: usize, j: usize, i: usize) -> usize {
        let Spec { a, mid, inner, .. } = *self.spec;
        ((j * mid + m) * a + i) * inner
    }

    fn source_at(&self, m: usize, j: usize, i: usize) -> usize {
        let Spec { mid, b, inner, .. } = *self.spec;
        ((i * mid + m) * b + self.first + j) * inner
    }

    /// A whole block of single elements, turned on the stack.
    #[inline(always)]
    fn block<S: Simd>(&mut self, m: usize, j: usize, i: usize) {
        let mut turned = [[E::ZERO; BLOCK]; BLOCK];
        for ii in 0..BLOCK {
            let from = &self.from[self.source_at(m, j, i + ii)..][..BLOCK];
            for jj in 0..BLOCK {
                turned[jj][ii] = from[jj];
            }
        }
        for (jj, turned) in turned.iter().enumerate() {
            let at = self.to_at(m, j + jj, i);
            let to = &mut self.to[at..][..BLOCK];
            Apply { f: Identity, to, add: self.add, from: [turned] }.run::<S>();
        }
    }

    /// Elements, or runs of `inner` elements, one by one.
    #[inline(always)]
    fn rest<S: Simd>(&mut self, m: usize, j: std::ops::Range<usize>, i: std::ops::Range<usize>) {
        let inner = self.spec.inner;
        for j in j {
            for i in i.clone() {
                let from = &self.from[self.source_at(m, j, i)..][..inner];
                let at = self.to_at(m, j, i);
                Apply { f: Identity, to: &mut self.to[at..][..inner], add: self.add, from: [from] }
                    .run::<S>();
            }
        }
    }
}

#[cfg(test)]
mod tests;
