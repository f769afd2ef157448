//! Transpose on the CPU.

use std::ops::Range;

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{Apply, CHUNK, Identity, check_lengths};
use crate::cpu::parts::{Grid, chunks, tiles};
use crate::cpu::pool::Pool;
use crate::cpu::simd::{Float, Job, Simd};
use crate::device::Grad;
use crate::error::Error;

/// The block that single elements are moved by: WIDE elements of each of HIGH rows of the source are
/// read together (several lines in flight, which hides the memory's latency), and written as HIGH
/// elements of each of WIDE rows, a line of f32.
const WIDE: usize = 64;
const HIGH: usize = 16;

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
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
    let swap = |to: &mut [E], from: &[E], first| pool.level().run(Swap { to, add, from, spec, first });
    if matrix < CHUNK {
        // Several matrices for a task.
        let size = CHUNK / matrix.max(1) * matrix;
        return pool.run_parts(chunks(to, size), |task, to, _| {
            let from = from[task * size..].chunks_exact(matrix);
            to.chunks_exact_mut(matrix).zip(from).for_each(|(to, from)| swap(to, from, 0));
        });
    }
    // Some rows of a matrix: whole blocks, and enough of them.
    let rows = (CHUNK / row).next_multiple_of(WIDE).max(WIDE).min(b);
    let grid = Grid { rows: 1, columns: matrix, tile_rows: 1, tile_columns: rows * row };
    let per_matrix = b.div_ceil(rows);
    pool.run_parts(tiles(to, grid), |task, mut to, _| {
        let from = &from[task / per_matrix * matrix..][..matrix];
        swap(to.row(0), from, task % per_matrix * rows);
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
            for j in (0..rows).step_by(WIDE) {
                for i in (0..a).step_by(HIGH) {
                    let (wide, high) = (WIDE.min(rows - j), HIGH.min(a - i));
                    match (inner, wide, high) {
                        (1, WIDE, HIGH) => self.block(m, j, i),
                        (1, ..) => self.elements(m, j..j + wide, i..i + high),
                        _ => self.inner_runs::<S>(m, j..j + wide, i..i + high),
                    }
                }
            }
        }
    }
}

impl<E: Float> Swap<'_, E> {
    #[inline(always)]
    fn target(&self, m: usize, j: usize, i: usize) -> usize {
        let Spec { a, mid, inner, .. } = *self.spec;
        ((j * mid + m) * a + i) * inner
    }

    #[inline(always)]
    fn source(&self, m: usize, j: usize, i: usize) -> usize {
        let Spec { mid, b, inner, .. } = *self.spec;
        ((i * mid + m) * b + self.first + j) * inner
    }

    /// A whole block of single elements.
    #[inline(always)]
    fn block(&mut self, m: usize, j: usize, i: usize) {
        let mut block = [[E::ZERO; WIDE]; HIGH];
        for (ii, row) in block.iter_mut().enumerate() {
            row.copy_from_slice(&self.from[self.source(m, j, i + ii)..][..WIDE]);
        }
        for jj in 0..WIDE {
            let at = self.target(m, j + jj, i);
            let to = &mut self.to[at..][..HIGH];
            for (to, row) in to.iter_mut().zip(&block) {
                *to = if self.add { *to + row[jj] } else { row[jj] };
            }
        }
    }

    /// Single elements, fewer than a block.
    #[inline(always)]
    fn elements(&mut self, m: usize, j: Range<usize>, i: Range<usize>) {
        let (stride, first) = (self.spec.mid * self.spec.b, i.start);
        for j in j {
            let at = self.target(m, j, first);
            let from = self.from[self.source(m, j, first)..].iter().step_by(stride);
            let to = &mut self.to[at..][..i.len()];
            for (to, x) in to.iter_mut().zip(from) {
                *to = if self.add { *to + *x } else { *x };
            }
        }
    }

    /// Runs of `inner` elements.
    #[inline(always)]
    fn inner_runs<S: Simd>(&mut self, m: usize, j: Range<usize>, i: Range<usize>) {
        let inner = self.spec.inner;
        for j in j {
            for i in i.clone() {
                let from = &self.from[self.source(m, j, i)..][..inner];
                let at = self.target(m, j, i);
                Apply { f: Identity, to: &mut self.to[at..][..inner], add: self.add, from: [from] }
                    .run::<S>();
            }
        }
    }
}

#[cfg(test)]
mod tests;
