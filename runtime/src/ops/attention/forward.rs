//! Forward of a group of queries: blocks of keys pass by, and the softmax runs along.

use super::product::Update;
use super::tile::{Copy, Head, KEYS, LANES, mask, padded, per_query, scores, take};
use super::transpose::transpose;
use crate::cpu::math;
use crate::cpu::parts::Tile;
use crate::cpu::simd::{Float, Job, Level, Simd};

/// Panels of LANES queries that one task takes at most, to share the packed keys among them.
pub(super) const PANELS: usize = 4;

/// Elements of memory that [`group`] needs for `panels` panels.
pub(super) fn memory(dim: usize, panels: usize) -> usize {
    let width = padded(dim);
    panels * (LANES * dim + LANES * width + 2 * LANES) + 2 * KEYS * width + KEYS * LANES + LANES
}

/// What a panel of queries knows so far.
struct Panel<'m, E> {
    /// The first query.
    query: usize,
    /// [dim, LANES]: q^T / sqrt(dim)
    q: &'m mut [E],
    /// [queries, width]: the sum of exp(s - max) v
    y: &'m mut [E],
    /// `[LANES]`: the largest score
    max: &'m mut [E],
    /// `[LANES]`: the sum of exp(s - max)
    sum: &'m mut [E],
}

/// A block of keys.
struct Block<'m, E> {
    /// The first key.
    key: usize,
    /// [keys, width]
    k: &'m [E],
    /// [keys, width]
    v: &'m [E],
}

/// Computes y, and lse, of the queries from `first` on, as many as y has rows.
pub(super) fn group<E: Float>(
    level: Level,
    head: &Head<'_, E>,
    first: usize,
    mut memory: &mut [E],
    y: &mut Tile<'_, E>,
    mut lse: Option<&mut Tile<'_, E>>,
) {
    let width = padded(head.dim);
    let k = take(&mut memory, KEYS * width);
    let v = take(&mut memory, KEYS * width);
    let s = take(&mut memory, KEYS * LANES);
    let decay = take(&mut memory, LANES);
    let mut panels: [Option<Panel<'_, E>>; PANELS] = [const { None }; PANELS];
    let starts = (first..first + y.rows()).step_by(LANES);
    for (panel, query) in panels.iter_mut().zip(starts) {
        *panel = Some(Panel::new(level, head, query, &mut memory));
    }
    for key in (0..head.keys).step_by(KEYS) {
        let keys = head.seen(first + (y.rows() - 1) / LANES * LANES, key);
        if keys == 0 {
            break;
        }
        let (k, v) = (&mut k[..keys * width], &mut v[..keys * width]);
        level.run(Copy { to: k, rows: head.k, first: key, scale: E::ONE });
        level.run(Copy { to: v, rows: head.v, first: key, scale: E::ONE });
        for panel in panels.iter_mut().flatten() {
            panel.attend(level, head, &Block { key, k, v }, s, decay);
        }
    }
    for panel in panels.iter_mut().flatten() {
        let first = panel.query - first;
        level.run(Finish { panel, first, dim: head.dim, y, lse: lse.as_deref_mut() });
    }
}

impl<'m, E: Float> Panel<'m, E> {
    fn new(level: Level, head: &Head<'_, E>, query: usize, memory: &mut &'m mut [E]) -> Self {
        let count = head.lanes(query);
        let q = take(memory, LANES * head.dim);
        transpose(level, q, &head.q, (query, count), head.scale);
        let y = take(memory, count * padded(head.dim));
        y.fill(E::ZERO);
        let max = take(memory, LANES);
        max.fill(-E::INFINITY);
        let sum = take(memory, LANES);
        sum.fill(E::ZERO);
        Self { query, q, y, max, sum }
    }

    /// Takes in the keys of `block` that it sees.
    fn attend(
        &mut self,
        level: Level,
        head: &Head<'_, E>,
        block: &Block<'_, E>,
        s: &mut [E],
        decay: &mut [E],
    ) {
        let s = &mut s[..head.seen(self.query, block.key) * LANES];
        let triangle = head.triangle(self.query, block.key);
        if s.is_empty() {
            return;
        }
        scores(level, s, block.k, self.q, head.dim, triangle);
        level.run(Weigh { s, max: self.max, sum: self.sum, decay, triangle });
        per_query(level, self.y, Update::Scale(decay), s, block.v, head.dim, triangle);
    }
}

/// s = exp(s - max), max and sum brought up to date; older sums are to be scaled by decay.
struct Weigh<'a, E> {
    s: &'a mut [E],
    max: &'a mut [E],
    sum: &'a mut [E],
    decay: &'a mut [E],
    triangle: bool,
}

impl<E: Float> Job for Weigh<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let (s, _) = self.s.as_chunks_mut::<LANES>();
        let mut max = [-E::INFINITY; LANES];
        max.copy_from_slice(self.max);
        if self.triangle {
            mask(s, -E::INFINITY);
        }
        for s in &*s {
            for l in 0..LANES {
                // May pass over a NaN: its weight is NaN below, whatever the maximum.
                max[l] = if max[l] > s[l] { max[l] } else { s[l] };
            }
        }
        let mut shift = [E::ZERO; LANES];
        for l in 0..LANES {
            // Nothing but -inf so far: exp(-inf - 0) = 0, where exp(-inf + inf) would be NaN.
            shift[l] = if max[l] == -E::INFINITY { E::ZERO } else { max[l] };
            self.decay[l] = math::weight::<S, E>(self.max[l] - shift[l]);
            self.max[l] = max[l];
        }
        let mut sum = [E::ZERO; LANES];
        for s in s {
            for l in 0..LANES {
                s[l] = math::weight::<S, E>(s[l] - shift[l]);
                sum[l] += s[l];
            }
        }
        for ((total, sum), decay) in self.sum.iter_mut().zip(sum).zip(&*self.decay) {
            *total = S::mul_add(*decay, *total, sum);
        }
    }
}

/// y = y / sum, lse = max + ln sum, to the rows from `first` on
struct Finish<'a, 'm, 'y, 'l, E> {
    panel: &'a Panel<'m, E>,
    first: usize,
    dim: usize,
    y: &'a mut Tile<'y, E>,
    lse: Option<&'a mut Tile<'l, E>>,
}

impl<E: Float> Job for Finish<'_, '_, '_, '_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let Panel { y, max, sum, .. } = self.panel;
        for (i, from) in y.chunks_exact(padded(self.dim)).enumerate() {
            let scale = E::ONE / sum[i];
            let to = self.y.row(self.first + i);
            to.iter_mut().zip(from).for_each(|(y, from)| *y = *from * scale);
            if let Some(lse) = &mut self.lse {
                lse.row(self.first + i)[0] = max[i] + math::ln::<S, E>(sum[i]);
            }
        }
    }
}
