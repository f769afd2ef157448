//! Softmax on the CPU. y: =; dx: = or +=. Checked against the plain formula in f64 in `tests`.

use super::row::{dot, max, sum_exp};
use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{CHUNK, check_lengths};
use crate::cpu::math;
use crate::cpu::parts::{Grid, Tile, chunks, tiles};
use crate::cpu::simd::{Float, Job, Simd};
use crate::device::Grad;
use crate::error::Error;

/// Neighbours along `inner` that are taken side by side.
const LANES: usize = 64;

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x } = args;
        let n = batch * spec.outer * spec.len * spec.inner;
        check_lengths(&[(y.len(), n), (x.len(), n)])?;
        let (pool, Spec { len, inner, .. }) = (self.pool(), *spec);
        if inner == 1 {
            let size = run_of_rows(len);
            pool.run_parts(chunks(y, size), |task, y, _| {
                let x = &x[task * size..][..y.len()];
                pool.level().run(Rows { y, x, len });
            })
        } else {
            pool.run_parts(tiles(y, columns(spec)), |task, y, _| {
                pool.level().run(Columns { y, x: &x[first(spec, task)..], stride: inner });
            })
        }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dy, y } = args;
        let Some(Grad { to, add }) = dx else { return Ok(()) };
        let n = batch * spec.outer * spec.len * spec.inner;
        check_lengths(&[(to.len(), n), (dy.len(), n), (y.len(), n)])?;
        let (pool, Spec { len, inner, .. }) = (self.pool(), *spec);
        if inner == 1 {
            let size = run_of_rows(len);
            pool.run_parts(chunks(to, size), |task, to, _| {
                let [dy, y] = [dy, y].map(|x| &x[task * size..][..to.len()]);
                pool.level().run(RowGrads { to, add, dy, y, len });
            })
        } else {
            pool.run_parts(tiles(to, columns(spec)), |task, to, _| {
                let [dy, y] = [dy, y].map(|x| &x[first(spec, task)..]);
                pool.level().run(ColumnGrads { to, add, dy, y, stride: inner });
            })
        }
    }
}

/// Elements of a task's rows: whole rows, about [`CHUNK`].
fn run_of_rows(len: usize) -> usize {
    len * (CHUNK / len.max(1)).max(1)
}

/// The matrices [len, inner], cut into columns.
fn columns(spec: &Spec) -> Grid {
    Grid { rows: spec.len, columns: spec.inner, tile_rows: spec.len, tile_columns: LANES }
}

/// The first element of the columns of `task`.
fn first(spec: &Spec, task: usize) -> usize {
    let across = spec.inner.div_ceil(LANES);
    task / across * spec.len * spec.inner + task % across * LANES
}

/// y = softmax(x), row by row.
struct Rows<'a, E> {
    y: &'a mut [E],
    x: &'a [E],
    len: usize,
}

impl<E: Float> Job for Rows<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for (y, x) in self.y.chunks_exact_mut(self.len).zip(self.x.chunks_exact(self.len)) {
            let max = max(x);
            let scale = E::ONE / sum_exp::<S, E>(x, max);
            for (y, x) in y.iter_mut().zip(x) {
                *y = math::weight::<S, E>(*x - max) * scale;
            }
        }
    }
}

/// dx = or += y (dy - the sum of y dy), row by row.
struct RowGrads<'a, E> {
    to: &'a mut [E],
    add: bool,
    dy: &'a [E],
    y: &'a [E],
    len: usize,
}

impl<E: Float> Job for RowGrads<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { to, add, dy, y, len } = self;
        let rows = to.chunks_exact_mut(len).zip(dy.chunks_exact(len)).zip(y.chunks_exact(len));
        for ((to, dy), y) in rows {
            let sum = dot::<S, E>(y, dy);
            for ((to, dy), y) in to.iter_mut().zip(dy).zip(y) {
                let before = if add { *to } else { E::ZERO };
                *to = S::mul_add(*y, *dy - sum, before);
            }
        }
    }
}

/// y = softmax(x) down the columns of a tile.
struct Columns<'a, 'y, E> {
    y: Tile<'y, E>,
    x: &'a [E],
    stride: usize,
}

impl<E: Float> Job for Columns<'_, '_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let (mut max, mut sum) = ([-E::INFINITY; LANES], [E::ZERO; LANES]);
        let rows = self.y.rows();
        for i in 0..rows {
            let width = self.y.row(i).len();
            for (max, x) in max.iter_mut().zip(&self.x[i * self.stride..][..width]) {
                // May pass over a NaN, which the sum then meets.
                *max = if *max > *x { *max } else { *x };
            }
        }
        for i in 0..rows {
            let y = self.y.row(i);
            let x = &self.x[i * self.stride..][..y.len()];
            for (((y, x), max), sum) in y.iter_mut().zip(x).zip(&max).zip(&mut sum) {
                *y = math::weight::<S, E>(*x - *max);
                *sum += *y;
            }
        }
        for i in 0..rows {
            self.y.row(i).iter_mut().zip(&sum).for_each(|(y, sum)| *y = *y / *sum);
        }
    }
}

/// dx = or += y (dy - the sum of y dy), down the columns of a tile.
struct ColumnGrads<'a, 't, E> {
    to: Tile<'t, E>,
    add: bool,
    dy: &'a [E],
    y: &'a [E],
    stride: usize,
}

impl<E: Float> Job for ColumnGrads<'_, '_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let mut sum = [E::ZERO; LANES];
        for i in 0..self.to.rows() {
            let width = self.to.row(i).len();
            let [dy, y] = [self.dy, self.y].map(|x| &x[i * self.stride..][..width]);
            for ((sum, dy), y) in sum.iter_mut().zip(dy).zip(y) {
                *sum = S::mul_add(*y, *dy, *sum);
            }
        }
        for i in 0..self.to.rows() {
            let to = self.to.row(i);
            let [dy, y] = [self.dy, self.y].map(|x| &x[i * self.stride..][..to.len()]);
            for (((to, dy), y), sum) in to.iter_mut().zip(dy).zip(y).zip(&sum) {
                let before = if self.add { *to } else { E::ZERO };
                *to = S::mul_add(*y, *dy - *sum, before);
            }
        }
    }
}
