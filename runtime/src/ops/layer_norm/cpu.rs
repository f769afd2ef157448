//! LayerNorm on the CPU.
//!
//! y, mean, rstd and dx by blocks of rows; dweight and dbias by blocks of columns, each over all rows
//! in order. Mean and variance in two passes over a row, which stays in the first cache.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{Add, Apply, CHUNK, Function, Identity, Over, check_lengths, sum};
use crate::cpu::parts::chunks;
use crate::cpu::simd::{Float, Job, Simd};
use crate::device::{Grad, given_or_held};
use crate::error::Error;
use crate::ops::dropout::cpu::drop_out_first;

/// Columns of a task that sums over rows: their sums stay in registers.
const COLUMNS: usize = 32;
/// Rows summed at once; then those sums are, which keeps the digits of long sums.
const ROWS: usize = 64;

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        args.check()?;
        let Forward { y, mean, rstd, sum, dropped, x, plus, mask, weight, bias } = args;
        let (rows, dim, n) = (batch * spec.rows, spec.dim, batch * spec.rows * spec.dim);
        let length = |of: &Option<&mut [E]>, n| of.as_ref().map_or(n, |of| of.len());
        check_lengths(&[
            (y.len(), n),
            (x.map_or(n, <[E]>::len), n),
            (length(&mean, rows), rows),
            (length(&rstd, rows), rows),
        ])?;
        check_lengths(&[(length(&sum, n), n), (plus.map_or(n, <[E]>::len), n)])?;
        check_lengths(&[(weight.map_or(dim, <[E]>::len), dim), (bias.map_or(dim, <[E]>::len), dim)])?;
        let x = drop_out_first(self, mask, y, dropped, x)?;
        let (pool, eps, size) = (self.pool(), E::from_f64(spec.eps), rows_of_a_task(dim));
        let cut = |of: Option<_>, size| of.map(|of| chunks(of, size));
        let parts = (chunks(y, size * dim), cut(mean, size), cut(rstd, size), cut(sum, size * dim));
        pool.run_parts(parts, |task, (y, mean, rstd, sum), _| {
            let start = task * size * dim;
            let [x, plus] = [x, plus].map(|of| of.map(|of| &of[start..start + y.len()]));
            pool.level().run(NormalizeRows { y, mean, rstd, sum, x, plus, weight, bias, dim, eps });
        })
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dweight, dbias, dy, x, mean, rstd, weight } = args;
        let (rows, dim, n) = (batch * spec.rows, spec.dim, batch * spec.rows * spec.dim);
        let of_y = given_or_held(dy, dx.as_ref(), |dx| dx)?;
        check_lengths(&[(x.len(), n), (mean.len(), rows), (rstd.len(), rows)])?;
        check_lengths(&[(dx.as_ref().map_or(n, |dx| dx.to.len()), n), (of_y.len(), n)])?;
        check_lengths(&[(weight.map_or(dim, <[E]>::len), dim)])?;
        let (pool, saved) = (self.pool(), Saved { x, mean, rstd, dim });
        for of in [&dweight, &dbias].into_iter().flatten() {
            check_lengths(&[(of.to.len(), dim)])?;
        }
        let adds = [&dweight, &dbias].map(|of| of.as_ref().is_some_and(|of| of.add));
        let cut = |of: Option<Grad<_>>| of.map(|of| chunks(of.to, COLUMNS));
        pool.run_parts((cut(dweight), cut(dbias)), |task, to, _| {
            let first = task * COLUMNS;
            pool.level().run(ColumnGradients { to: to.into(), adds, dy: of_y, saved, first });
        })?;
        // It may be written over what the sums above have read.
        let Some(Grad { to, add }) = dx else { return Ok(()) };
        let size = rows_of_a_task(dim);
        pool.run_parts(chunks(to, size * dim), |task, dx, _| {
            let first = task * size;
            let dy = dy.map(|dy| &dy[first * dim..][..dx.len()]);
            pool.level().run(RowGradients { dx, add, dy, saved, weight, first });
        })
    }
}

/// Enough rows for a task.
fn rows_of_a_task(dim: usize) -> usize {
    (CHUNK / dim.max(1)).max(1)
}

struct NormalizeRows<'a, E> {
    y: &'a mut [E],
    mean: Option<&'a mut [E]>,
    rstd: Option<&'a mut [E]>,
    sum: Option<&'a mut [E]>,
    /// Unless `y` holds it.
    x: Option<&'a [E]>,
    plus: Option<&'a [E]>,
    weight: Option<&'a [E]>,
    bias: Option<&'a [E]>,
    dim: usize,
    eps: E,
}

impl<E: Float> Job for NormalizeRows<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let n = E::from_f64(self.dim as f64);
        for (row, to) in self.y.chunks_exact_mut(self.dim).enumerate() {
            let own = row * self.dim..(row + 1) * self.dim;
            let [x, plus] = [self.x, self.plus].map(|of| of.map(|of| &of[own.clone()]));
            // What is normalized; a sum that nothing else reads is made where y comes.
            let x = match (plus, &mut self.sum) {
                (None, _) => x,
                (Some(plus), Some(sum)) => {
                    let sum = &mut sum[own];
                    Apply { f: Add, to: &mut *sum, add: false, from: [x.unwrap_or(to), plus] }.run::<S>();
                    Some(&*sum)
                }
                (Some(plus), None) => {
                    Over { f: Add, to: &mut *to, from: [x, Some(plus)] }.run::<S>();
                    None
                }
            };
            let read = x.unwrap_or(to);
            let mean = sum([read], |[x]| x) / n;
            let variance = sum([read], |[x]| (x - mean) * (x - mean)) / n;
            let rstd = E::ONE / (variance + self.eps).sqrt();
            let f = Normalize { mean, rstd };
            match (self.weight, self.bias) {
                (Some(weight), Some(bias)) => {
                    Over { f, to, from: [x, Some(weight), Some(bias)] }.run::<S>();
                }
                (Some(weight), None) => Over { f, to, from: [x, Some(weight)] }.run::<S>(),
                (None, None) => Over { f, to, from: [x] }.run::<S>(),
                (None, Some(bias)) => {
                    Over { f, to: &mut *to, from: [x] }.run::<S>();
                    Apply { f: Identity, to, add: true, from: [bias] }.run::<S>();
                }
            }
            if let Some(to) = &mut self.mean {
                to[row] = mean;
            }
            if let Some(to) = &mut self.rstd {
                to[row] = rstd;
            }
        }
    }
}

/// (x - mean) rstd weight + bias
#[derive(Clone, Copy)]
struct Normalize<E> {
    mean: E,
    rstd: E,
}

impl<E: Float> Function<E, 1> for Normalize<E> {
    #[inline(always)]
    fn at<S: Simd>(self, [x]: [E; 1]) -> E {
        (x - self.mean) * self.rstd
    }
}

impl<E: Float> Function<E, 2> for Normalize<E> {
    #[inline(always)]
    fn at<S: Simd>(self, [x, weight]: [E; 2]) -> E {
        (x - self.mean) * self.rstd * weight
    }
}

impl<E: Float> Function<E, 3> for Normalize<E> {
    #[inline(always)]
    fn at<S: Simd>(self, [x, weight, bias]: [E; 3]) -> E {
        S::mul_add((x - self.mean) * self.rstd, weight, bias)
    }
}

/// What backward reads beside the gradient of y.
#[derive(Clone, Copy)]
struct Saved<'a, E> {
    x: &'a [E],
    mean: &'a [E],
    rstd: &'a [E],
    dim: usize,
}

struct RowGradients<'a, E> {
    dx: &'a mut [E],
    add: bool,
    /// Of these rows, unless `dx` holds it.
    dy: Option<&'a [E]>,
    saved: Saved<'a, E>,
    weight: Option<&'a [E]>,
    first: usize,
}

impl<E: Float> Job for RowGradients<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { dx, add, dy, saved: Saved { x, mean, rstd, dim }, weight, first } = self;
        let n = E::from_f64(dim as f64);
        for (at, to) in dx.chunks_exact_mut(dim).enumerate() {
            let row = first + at;
            let (given, x) = (dy.map(|dy| &dy[at * dim..][..dim]), &x[row * dim..][..dim]);
            let normal = Normalize { mean: mean[row], rstd: rstd[row] };
            let dy = given.unwrap_or(to);
            let (mean_g, mean_gn) = match weight {
                None => (sum([dy], |[dy]| dy), sum([dy, x], |[dy, x]| dy * normal.at::<S>([x]))),
                Some(weight) => (
                    sum([dy, weight], |[dy, w]| dy * w),
                    sum([dy, x, weight], |[dy, x, w]| dy * w * normal.at::<S>([x])),
                ),
            };
            let f = Project { normal, mean_g: mean_g / n, mean_gn: mean_gn / n };
            match (given, weight) {
                (Some(dy), None) => Apply { f, to, add, from: [dy, x] }.run::<S>(),
                (Some(dy), Some(weight)) => Apply { f, to, add, from: [dy, x, weight] }.run::<S>(),
                (None, None) => Over { f, to, from: [None, Some(x)] }.run::<S>(),
                (None, Some(weight)) => Over { f, to, from: [None, Some(x), Some(weight)] }.run::<S>(),
            }
        }
    }
}

/// rstd (g - mean(g) - n mean(g n))
#[derive(Clone, Copy)]
struct Project<E> {
    normal: Normalize<E>,
    mean_g: E,
    mean_gn: E,
}

impl<E: Float> Function<E, 2> for Project<E> {
    #[inline(always)]
    fn at<S: Simd>(self, [g, x]: [E; 2]) -> E {
        let n = self.normal.at::<S>([x]);
        self.normal.rstd * S::mul_add(-n, self.mean_gn, g - self.mean_g)
    }
}

impl<E: Float> Function<E, 3> for Project<E> {
    #[inline(always)]
    fn at<S: Simd>(self, [dy, x, weight]: [E; 3]) -> E {
        self.at::<S>([dy * weight, x])
    }
}

/// Some columns of dweight and dbias.
struct ColumnGradients<'a, E> {
    to: [Option<&'a mut [E]>; 2],
    /// Whether each is added to.
    adds: [bool; 2],
    dy: &'a [E],
    saved: Saved<'a, E>,
    first: usize,
}

impl<E: Float> Job for ColumnGradients<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        // Of a whole block the compiler knows the width, and keeps its sums in registers.
        let totals = if self.first + COLUMNS <= self.saved.dim {
            sum_rows::<S, E>(self.dy, self.saved, self.first, COLUMNS)
        } else {
            sum_rows::<S, E>(self.dy, self.saved, self.first, self.saved.dim - self.first)
        };
        for ((to, add), total) in self.to.into_iter().zip(self.adds).zip(&totals) {
            if let Some(to) = to {
                let from = [&total[..to.len()]];
                Apply { f: Identity, to, add, from }.run::<S>();
            }
        }
    }
}

/// The sums of dy n and of dy over all rows, for `width` columns from `first` on.
#[inline(always)]
fn sum_rows<S: Simd, E: Float>(
    dy: &[E],
    saved: Saved<'_, E>,
    first: usize,
    width: usize,
) -> [[E; COLUMNS]; 2] {
    let Saved { x, mean, rstd, dim } = saved;
    let mut totals = [[E::ZERO; COLUMNS]; 2];
    for block in (0..mean.len()).step_by(ROWS) {
        let (mut dweight, mut dbias) = ([E::ZERO; COLUMNS], [E::ZERO; COLUMNS]);
        for row in block..mean.len().min(block + ROWS) {
            let start = row * dim + first;
            let (dy, x) = (&dy[start..start + width], &x[start..start + width]);
            let normal = Normalize { mean: mean[row], rstd: rstd[row] };
            for c in 0..width {
                dweight[c] = S::mul_add(dy[c], normal.at::<S>([x[c]]), dweight[c]);
                dbias[c] += dy[c];
            }
        }
        for c in 0..width {
            totals[0][c] += dweight[c];
            totals[1][c] += dbias[c];
        }
    }
    totals
}

#[cfg(test)]
mod tests;
