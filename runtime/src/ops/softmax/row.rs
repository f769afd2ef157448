//! Reductions over a row, in [`WIDE`] partial results that are combined in a fixed order.

use crate::cpu::math::weight;
use crate::cpu::simd::{Float, Simd};

/// Partial results: a vector of f32 on AVX-512.
const WIDE: usize = 16;

/// How many of them the elements of a row are compared with in turn, so that none waits for the one before. The largest is the same
/// in any order; a sum is not.
const AT_ONCE: usize = 4;

/// How many vectors a row makes.
#[inline(always)]
fn vectors<E>(row: &[E]) -> usize {
    row.len().div_ceil(WIDE)
}

/// Vector `i` of a row, filled up with `fill` where the row has ended.
#[inline(always)]
fn vector<E: Float>(row: &[E], i: usize, fill: E) -> [E; WIDE] {
    let row = &row[i * WIDE..];
    match row.first_chunk() {
        Some(vector) => *vector,
        None => {
            let mut vector = [fill; WIDE];
            vector[..row.len()].copy_from_slice(row);
            vector
        }
    }
}

/// One result of the partial ones.
#[inline(always)]
fn combine<E: Float>(mut all: [E; WIDE], f: impl Fn(E, E) -> E) -> E {
    for l in 0..8 {
        all[l] = f(all[l], all[l + 8]);
    }
    for l in 0..4 {
        all[l] = f(all[l], all[l + 4]);
    }
    f(f(all[0], all[2]), f(all[1], all[3]))
}

/// The larger; of a NaN and a number, either.
#[inline(always)]
fn larger<E: Float>(a: E, b: E) -> E {
    if a > b { a } else { b }
}

/// The largest element. May pass over a NaN, which every use of the row after it meets again.
#[inline(always)]
pub(crate) fn max<E: Float>(row: &[E]) -> E {
    let mut all = [-E::INFINITY; AT_ONCE * WIDE];
    let (blocks, rest) = row.as_chunks::<{ AT_ONCE * WIDE }>();
    for x in blocks {
        for l in 0..AT_ONCE * WIDE {
            all[l] = larger(all[l], x[l]);
        }
    }
    let mut one = [-E::INFINITY; WIDE];
    for x in all.as_chunks::<WIDE>().0 {
        for l in 0..WIDE {
            one[l] = larger(one[l], x[l]);
        }
    }
    for i in 0..vectors(rest) {
        let x = vector(rest, i, -E::INFINITY);
        for l in 0..WIDE {
            one[l] = larger(one[l], x[l]);
        }
    }
    combine(one, larger)
}

/// The sum of exp(x - max): at least 1; NaN if max is infinite or any x is NaN.
#[inline(always)]
pub(crate) fn sum_exp<S: Simd, E: Float>(row: &[E], max: E) -> E {
    let mut sums = [E::ZERO; WIDE];
    for i in 0..vectors(row) {
        let x = vector(row, i, -E::INFINITY);
        for l in 0..WIDE {
            sums[l] += weight::<S, E>(x[l] - max);
        }
    }
    combine(sums, |a, b| a + b)
}

/// The sum of max - x.
#[inline(always)]
pub(crate) fn sum_below<E: Float>(row: &[E], max: E) -> E {
    let mut sums = [E::ZERO; WIDE];
    for i in 0..vectors(row) {
        let x = vector(row, i, max);
        for l in 0..WIDE {
            sums[l] += max - x[l];
        }
    }
    combine(sums, |a, b| a + b)
}

/// The sum of a b.
#[inline(always)]
pub(crate) fn dot<S: Simd, E: Float>(a: &[E], b: &[E]) -> E {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<WIDE>(), b.as_chunks::<WIDE>());
    let mut sums = [E::ZERO; WIDE];
    for (a, b) in a.iter().zip(b) {
        for l in 0..WIDE {
            sums[l] = S::mul_add(a[l], b[l], sums[l]);
        }
    }
    if !a_rest.is_empty() {
        let (a, b) = (vector(a_rest, 0, E::ZERO), vector(b_rest, 0, E::ZERO));
        for l in 0..WIDE {
            sums[l] = S::mul_add(a[l], b[l], sums[l]);
        }
    }
    combine(sums, |a, b| a + b)
}
