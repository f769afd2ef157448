//! Tiles: what forward and backward share.
//!
//! A tile of scores is [keys, LANES]: its queries stand side by side, so that what is per query (the
//! maximum, the sum, the log-sum-exp) is a vector, and no vector is ever summed across.

use super::product::{COLS, Product, Update};
use super::rows::Rows;
use crate::cpu::simd::{Float, Job, Level, Simd};

/// Queries of a tile.
pub(super) const LANES: usize = 64;

/// Keys of a tile: as many as queries, so that a causal tile is full, empty or a triangle.
pub(super) const KEYS: usize = LANES;

/// One head of one sample.
#[derive(Clone, Copy)]
pub(super) struct Head<'a, E> {
    pub(super) q: Rows<'a, E>,
    pub(super) k: Rows<'a, E>,
    pub(super) v: Rows<'a, E>,
    pub(super) queries: usize,
    pub(super) keys: usize,
    pub(super) dim: usize,
    pub(super) causal: bool,
    /// 1 / sqrt(dim)
    pub(super) scale: E,
}

impl<E> Head<'_, E> {
    /// How many queries the tile from `query` on has.
    pub(super) fn lanes(&self, query: usize) -> usize {
        LANES.min(self.queries - query)
    }

    /// How many keys the tile at `query` and `key` has, any that all its queries do not see left out.
    pub(super) fn seen(&self, query: usize, key: usize) -> usize {
        let end = if self.causal { self.keys.min(query + LANES) } else { self.keys };
        end.saturating_sub(key).min(KEYS)
    }

    /// One past the last key that a query sees.
    pub(super) fn end(&self, query: usize) -> usize {
        if self.causal { self.keys.min(query + 1) } else { self.keys }
    }

    /// Whether the tile's queries see only the keys up to their own.
    pub(super) fn triangle(&self, query: usize, key: usize) -> bool {
        self.causal && query == key
    }
}

/// `dim`, rounded up to what a tile's columns come in.
pub(super) fn padded(dim: usize) -> usize {
    dim.next_multiple_of(COLS)
}

/// The bands in which `rows` rows are computed: all at once, or of a triangle a few at a time, so that
/// hardly more than the triangle is computed.
pub(super) fn bands(rows: usize, triangle: bool) -> impl Iterator<Item = (usize, usize)> {
    let step = if triangle { COLS } else { KEYS };
    (0..rows).step_by(step).map(move |start| (start, rows.min(start + step)))
}

/// s [keys, LANES] = a [keys, width] b [width, LANES], of which the first `dim` of width count; of a
/// triangle, the part right of the diagonal and a little more.
pub(super) fn scores<E: Float>(level: Level, s: &mut [E], a: &[E], b: &[E], dim: usize, triangle: bool) {
    let width = padded(dim);
    for (start, end) in bands(s.len() / LANES, triangle) {
        let from = if triangle { start } else { 0 };
        Product {
            rows: end - start,
            cols: LANES - from,
            depth: dim,
            c: &mut s[start * LANES + from..],
            c_row: LANES,
            update: Update::Set,
            a: &a[start * width..],
            a_row: width,
            a_col: 1,
            b: &b[from..],
            b_row: LANES,
        }
        .run(level);
    }
}

/// y [queries, width] (as `update` says) s^T x, s [keys, LANES], x [keys, width].
pub(super) fn per_query<E: Float>(
    level: Level,
    y: &mut [E],
    update: Update<'_, E>,
    s: &[E],
    x: &[E],
    dim: usize,
    triangle: bool,
) {
    let (width, keys) = (padded(dim), s.len() / LANES);
    for (start, end) in bands(y.len() / width, triangle) {
        Product {
            rows: end - start,
            cols: width,
            depth: if triangle { end.min(keys) } else { keys },
            c: &mut y[start * width..],
            c_row: width,
            update: update.from(start),
            a: &s[start..],
            a_row: 1,
            a_col: LANES,
            b: x,
            b_row: width,
        }
        .run(level);
    }
}

/// y [keys, width] += s x, s [keys, LANES], x [queries, width].
pub(super) fn per_key<E: Float>(level: Level, y: &mut [E], s: &[E], x: &[E], dim: usize, triangle: bool) {
    let width = padded(dim);
    for (start, end) in bands(s.len() / LANES, triangle) {
        let from = if triangle { start } else { 0 };
        Product {
            rows: end - start,
            cols: width,
            depth: x.len() / width - from,
            c: &mut y[start * width..],
            c_row: width,
            update: Update::Add,
            a: &s[start * LANES + from..],
            a_row: LANES,
            a_col: 1,
            b: &x[from * width..],
            b_row: width,
        }
        .run(level);
    }
}

/// to [count, width] = rows from `first` on, times `scale`, and 0 in the columns past theirs.
pub(super) struct Copy<'a, E> {
    pub(super) to: &'a mut [E],
    pub(super) rows: Rows<'a, E>,
    pub(super) first: usize,
    pub(super) scale: E,
}

impl<E: Float> Job for Copy<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let dim = self.rows.dim;
        for (i, to) in self.to.chunks_exact_mut(padded(dim)).enumerate() {
            let (to, rest) = to.split_at_mut(dim);
            to.iter_mut().zip(self.rows.row(self.first + i)).for_each(|(to, x)| *to = *x * self.scale);
            rest.fill(E::ZERO);
        }
    }
}

/// Puts `masked` where a query does not see the key, in a triangle.
#[inline(always)]
pub(super) fn mask<E: Float>(s: &mut [[E; LANES]], masked: E) {
    for (key, s) in s.iter_mut().enumerate() {
        for (query, s) in s.iter_mut().enumerate() {
            *s = if query < key { masked } else { *s };
        }
    }
}

/// A task's memory as numbers.
pub(super) fn floats<E: Float>(memory: &mut [u8]) -> &mut [E] {
    // SAFETY: f32 and f64 accept any bytes.
    let (before, floats, _) = unsafe { memory.align_to_mut() };
    debug_assert!(before.is_empty(), "a lane starts on a line");
    floats
}

/// Takes `len` elements off the front of `memory`.
pub(super) fn take<'m, E>(memory: &mut &'m mut [E], len: usize) -> &'m mut [E] {
    let (front, rest) = std::mem::take(memory).split_at_mut(len);
    *memory = rest;
    front
}
