//! Products of tiles that lie in cache: c (=, += or scaled +=) a b.
//!
//! A block of rows and vectors of c is kept in registers over the whole depth. Each element is a sum
//! over the depth in ascending order.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m512};
use std::marker::PhantomData;

use super::vector::Vector;
use crate::cpu::simd::{Float, Job, Level, Simd};

/// Columns of every tile come in multiples of this many.
pub(super) const COLS: usize = 16;

/// c [rows, cols] from a [rows, depth] and b [depth, cols].
pub(super) struct Product<'a, E> {
    /// Rows of c.
    pub(super) rows: usize,
    /// Columns of c, a multiple of [`COLS`].
    pub(super) cols: usize,
    /// The length of the sums.
    pub(super) depth: usize,
    /// c, its first element first.
    pub(super) c: &'a mut [E],
    /// From a row of c to the next.
    pub(super) c_row: usize,
    /// What happens to what c holds.
    pub(super) update: Update<'a, E>,
    /// a, its first element first.
    pub(super) a: &'a [E],
    /// From a row of a to the next.
    pub(super) a_row: usize,
    /// From a column of a to the next.
    pub(super) a_col: usize,
    /// b, its first element first.
    pub(super) b: &'a [E],
    /// From a row of b to the next.
    pub(super) b_row: usize,
}

/// How a product enters c.
#[derive(Clone, Copy)]
pub(super) enum Update<'a, E> {
    /// c = a b
    Set,
    /// c += a b
    Add,
    /// c = `scale[row]` c + a b
    Scale(&'a [E]),
}

impl<'a, E> Update<'a, E> {
    /// What it is for the rows from `row` on.
    pub(super) fn from(self, row: usize) -> Self {
        match self {
            Self::Scale(scale) => Self::Scale(&scale[row..]),
            other => other,
        }
    }
}

impl<E: Float> Product<'_, E> {
    /// Computes it.
    pub(super) fn run(self, level: Level) {
        if self.rows == 0 || self.cols == 0 || self.depth == 0 {
            return;
        }
        self.check();
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => level.run(Blocked::<E, __m512>(self, PhantomData)),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => level.run(Blocked::<E, __m256>(self, PhantomData)),
            _ => level.run(Blocked::<E, [E; 4]>(self, PhantomData)),
        }
    }

    /// Everything the blocks touch lies inside the slices.
    fn check(&self) {
        let (rows, cols, depth) = (self.rows - 1, self.cols, self.depth - 1);
        assert!(self.cols.is_multiple_of(COLS));
        assert!(rows * self.c_row + cols <= self.c.len());
        assert!(rows * self.a_row + depth * self.a_col < self.a.len());
        assert!(depth * self.b_row + cols <= self.b.len());
    }
}

/// A checked product, by blocks of vectors `V`, which are the level's.
struct Blocked<'a, E, V>(Product<'a, E>, PhantomData<V>);

impl<E: Float, V: Vector<E>> Job for Blocked<'_, E, V> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let mut col = 0;
        // Four vectors side by side where there are 32 registers for six rows of them.
        if size_of::<V>() == 64 {
            col = self.columns::<4>(col);
        }
        col = self.columns::<2>(col);
        self.columns::<1>(col);
    }
}

impl<E: Float, V: Vector<E>> Blocked<'_, E, V> {
    /// As many whole blocks of `N` vectors as there are from `col` on; returns the column after them.
    #[inline(always)]
    fn columns<const N: usize>(&mut self, mut col: usize) -> usize {
        while col + N * V::LANES <= self.0.cols {
            let mut row = 0;
            while row + 6 <= self.0.rows {
                self.block::<6, N>(row, col);
                row += 6;
            }
            if row + 4 <= self.0.rows {
                self.block::<4, N>(row, col);
                row += 4;
            }
            while row < self.0.rows {
                self.block::<1, N>(row, col);
                row += 1;
            }
            col += N * V::LANES;
        }
        col
    }

    /// `M` rows and `N` vectors of columns of c.
    ///
    /// Loops count up to constants instead of iterating, so that all is unrolled.
    #[inline(always)]
    #[allow(clippy::needless_range_loop)]
    fn block<const M: usize, const N: usize>(&mut self, row: usize, col: usize) {
        let p = &mut self.0;
        // SAFETY: `V` is the level's. `check` saw that a, b and c have all of their `rows` rows or
        // `depth` rows, each of all its columns; the block's are among them.
        unsafe {
            let a = p.a.as_ptr().add(row * p.a_row);
            let b = p.b.as_ptr().add(col);
            let mut sums = [[V::splat(E::ZERO); N]; M];
            for k in 0..p.depth {
                let mut vectors = [V::splat(E::ZERO); N];
                for n in 0..N {
                    vectors[n] = V::load(b.add(k * p.b_row + n * V::LANES));
                }
                for m in 0..M {
                    let a = V::splat(*a.add(m * p.a_row + k * p.a_col));
                    for n in 0..N {
                        sums[m][n] = a.mul_add(vectors[n], sums[m][n]);
                    }
                }
            }
            for m in 0..M {
                let c = p.c.as_mut_ptr().add((row + m) * p.c_row + col);
                let scale = match p.update {
                    Update::Set => None,
                    Update::Add => Some(E::ONE),
                    Update::Scale(scale) => Some(scale[row + m]),
                };
                for n in 0..N {
                    let c = c.add(n * V::LANES);
                    let sum = match scale {
                        None => sums[m][n],
                        Some(scale) => V::splat(scale).mul_add(V::load(c), sums[m][n]),
                    };
                    sum.store(c);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The levels this machine has.
    fn levels() -> impl Iterator<Item = Level> {
        [Level::Portable, Level::Avx2, Level::Avx512]
            .into_iter()
            .filter(|level| *level <= Level::detect().unwrap())
    }

    /// Small whole numbers, so that every product and sum is exact in any order.
    fn whole(len: usize, seed: usize) -> Vec<f32> {
        (0..len).map(|i| ((i * 7 + seed) % 11) as f32 - 5.0).collect()
    }

    #[test]
    fn every_level_computes_every_shape_stride_and_update() {
        for level in levels() {
            for (rows, cols, depth) in [(1, 16, 1), (5, 32, 3), (11, 48, 7), (64, 64, 64), (15, 112, 9)] {
                for (a_row, a_col) in [(depth + 2, 1), (1, rows + 3)] {
                    let (c_row, b_row) = (cols + 16, cols + 1);
                    let a = whole(rows * a_row + depth * a_col, 1);
                    let b = whole(depth * b_row, 2);
                    let scale = whole(rows, 3);
                    let before = whole(rows * c_row, 4);
                    for update in [Update::Set, Update::Add, Update::Scale(&scale)] {
                        let mut c = before.clone();
                        let product = Product {
                            rows,
                            cols,
                            depth,
                            c: &mut c,
                            c_row,
                            update,
                            a: &a,
                            a_row,
                            a_col,
                            b: &b,
                            b_row,
                        };
                        product.run(level);
                        for (at, (c, before)) in c.iter().zip(&before).enumerate() {
                            let (i, j) = (at / c_row, at % c_row);
                            let sum: f32 = match j < cols {
                                true => (0..depth).map(|k| a[i * a_row + k * a_col] * b[k * b_row + j]).sum(),
                                false => 0.0,
                            };
                            let kept = match update {
                                _ if j >= cols => 1.0,
                                Update::Set => 0.0,
                                Update::Add => 1.0,
                                Update::Scale(scale) => scale[i],
                            };
                            assert_eq!(
                                *c,
                                kept * before + sum,
                                "{level:?} {rows}x{cols}x{depth} at {i}, {j}"
                            );
                        }
                    }
                }
            }
        }
    }
}
