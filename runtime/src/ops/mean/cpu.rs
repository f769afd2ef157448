//! Mean on the CPU.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{Apply, CHUNK, Function, check_lengths, sum};
use crate::cpu::parts::chunks;
use crate::cpu::runs::{Run, runs};
use crate::cpu::simd::{Float, Job, Simd};
use crate::device::Grad;
use crate::error::Error;

/// Columns summed at once, at most: their sums stay in the first cache.
const COLUMNS: usize = 256;
/// Columns of a task, at least, so that each row gives it several lines.
const LEAST: usize = 64;

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x } = args;
        let Spec { outer, len, inner } = *spec;
        let n = batch * outer * inner;
        check_lengths(&[(y.len(), n), (x.len(), n * len)])?;
        let least = if inner == 1 { 1 } else { LEAST };
        let (pool, size) = (self.pool(), (CHUNK / len.max(1)).max(least));
        pool.run_parts(chunks(y, size), |task, y, _| {
            pool.level().run(Average { y, x, len, inner, start: task * size });
        })
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dy } = args;
        let Some(Grad { to, add }) = dx else { return Ok(()) };
        let Spec { outer, len, inner } = *spec;
        let n = batch * outer * inner;
        check_lengths(&[(to.len(), n * len), (dy.len(), n)])?;
        let pool = self.pool();
        pool.run_parts(chunks(to, CHUNK), |task, dx, _| {
            pool.level().run(Spread { dx, add, dy, len, inner, start: task * CHUNK });
        })
    }
}

/// y[o, c] = sum of x[o, l, c] over l / len, from element `start` of y on.
struct Average<'a, E> {
    y: &'a mut [E],
    x: &'a [E],
    len: usize,
    inner: usize,
    start: usize,
}

impl<E: Float> Job for Average<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { y, x, len, inner, start } = self;
        let over = E::from_f64(len as f64);
        if inner == 1 {
            for (y, x) in y.iter_mut().zip(x[start * len..].chunks_exact(len)) {
                *y = sum([x], |[x]| x) / over;
            }
            return;
        }
        for Run { row, column, at } in runs(start, y.len(), inner) {
            let x = &x[row * len * inner..][..len * inner];
            for (k, y) in y[at].chunks_mut(COLUMNS).enumerate() {
                let mut sums = [E::ZERO; COLUMNS];
                for x in x.chunks_exact(inner) {
                    let x = &x[column + k * COLUMNS..];
                    for (sum, x) in sums[..y.len()].iter_mut().zip(x) {
                        *sum += *x;
                    }
                }
                for (y, sum) in y.iter_mut().zip(sums) {
                    *y = sum / over;
                }
            }
        }
    }
}

/// dx[o, l, c] = or += dy[o, c] / len, from element `start` of dx on.
struct Spread<'a, E> {
    dx: &'a mut [E],
    add: bool,
    dy: &'a [E],
    len: usize,
    inner: usize,
    start: usize,
}

impl<E: Float> Job for Spread<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { dx, add, dy, len, inner, start } = self;
        let over = E::from_f64(len as f64);
        if inner == 1 {
            for Run { row, at, .. } in runs(start, dx.len(), len) {
                let f = Constant(dy[row] / over);
                Apply { f, to: &mut dx[at], add, from: [] }.run::<S>();
            }
            return;
        }
        for Run { row, column, at } in runs(start, dx.len(), inner) {
            let from = [&dy[row / len * inner + column..][..at.len()]];
            Apply { f: Over(over), to: &mut dx[at], add, from }.run::<S>();
        }
    }
}

/// The same for every element.
#[derive(Clone, Copy)]
struct Constant<E>(E);
impl<E: Float> Function<E, 0> for Constant<E> {
    #[inline(always)]
    fn at<S: Simd>(self, []: [E; 0]) -> E {
        self.0
    }
}

/// x / n
#[derive(Clone, Copy)]
struct Over<E>(E);
impl<E: Float> Function<E, 1> for Over<E> {
    #[inline(always)]
    fn at<S: Simd>(self, [x]: [E; 1]) -> E {
        x / self.0
    }
}

#[cfg(test)]
mod tests;
