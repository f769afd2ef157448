//! Backward of a head: groups of keys, and past each all the queries that see it.

use super::product::Update;
use super::rows::{Grads, Part, Rows};
use super::tile::{Copy, Head, KEYS, LANES, mask, padded, per_key, per_query, scores, take};
use super::transpose::transpose;
use crate::cpu::math;
use crate::cpu::simd::{Float, Job, Level, Simd};
use crate::ops::softmax::row::dot;

/// Blocks of KEYS keys that stay packed at most while the queries pass.
pub(super) const BLOCKS: usize = 4;

/// Elements of memory that [`head`] needs with `blocks` blocks.
pub(super) fn memory(dim: usize, blocks: usize) -> usize {
    let width = padded(dim);
    4 * blocks * KEYS * width + 2 * LANES * dim + 3 * LANES * width + 2 * KEYS * LANES + 2 * LANES
}

/// What backward of a head reads besides the head.
pub(super) struct Saved<'a, E> {
    pub(super) dy: Rows<'a, E>,
    pub(super) y: Rows<'a, E>,
    /// `[queries]`
    pub(super) lse: &'a [E],
}

/// A group of keys.
struct Group<'m, E> {
    /// The first key.
    key: usize,
    /// [keys, width]
    k: &'m mut [E],
    /// [keys, width]
    v: &'m mut [E],
    /// [keys, width]
    dk: &'m mut [E],
    /// [keys, width]
    dv: &'m mut [E],
}

/// A panel of queries; q is q / sqrt(dim) here.
struct Panel<'m, E> {
    /// The first query.
    query: usize,
    /// [dim, LANES]
    q_t: &'m mut [E],
    /// [dim, LANES]
    dy_t: &'m mut [E],
    /// [queries, width]
    q: &'m mut [E],
    /// [queries, width]
    dy: &'m mut [E],
    /// [queries, width], of this group of keys
    dq: &'m mut [E],
    /// `[LANES]`
    lse: &'m mut [E],
    /// `[LANES]`: the sum of y dy
    delta: &'m mut [E],
}

/// Computes the gradients of a head that are asked for, `blocks` blocks of keys at a time.
pub(super) fn head<E: Float>(
    level: Level,
    head: &Head<'_, E>,
    saved: &Saved<'_, E>,
    blocks: usize,
    memory: &mut [E],
    grads: &mut Grads<'_, E>,
) {
    let (dim, width) = (head.dim, padded(head.dim));
    for key in (0..head.keys).step_by(blocks * KEYS) {
        let mut memory = &mut *memory;
        let mut tiles = [(); 2].map(|()| take(&mut memory, KEYS * LANES));
        let keys = (blocks * KEYS).min(head.keys - key);
        let [k, v, dk, dv] = [(); 4].map(|()| take(&mut memory, keys * width));
        level.run(Copy { to: k, rows: head.k, first: key, scale: E::ONE });
        level.run(Copy { to: v, rows: head.v, first: key, scale: E::ONE });
        dk.fill(E::ZERO);
        dv.fill(E::ZERO);
        let mut group = Group { key, k, v, dk, dv };
        let from = if head.causal { key } else { 0 };
        for query in (from..head.queries).step_by(LANES) {
            let mut panel = Panel::new(level, head, saved, query, memory);
            group.meet(level, head, &mut panel, &mut tiles, grads);
            let add = grads.adds(Part::Q) || key > 0;
            level.run(Put {
                grads,
                part: Part::Q,
                dim,
                first: query,
                from: panel.dq,
                scale: head.scale,
                add,
            });
        }
        for (part, from) in [(Part::K, group.dk), (Part::V, group.dv)] {
            let add = grads.adds(part);
            level.run(Put { grads, part, dim, first: key, from, scale: E::ONE, add });
        }
    }
}

impl<'m, E: Float> Panel<'m, E> {
    fn new(
        level: Level,
        head: &Head<'_, E>,
        saved: &Saved<'_, E>,
        query: usize,
        mut memory: &'m mut [E],
    ) -> Self {
        let (width, count) = (padded(head.dim), head.lanes(query));
        let [q_t, dy_t] = [(); 2].map(|()| take(&mut memory, head.dim * LANES));
        let [q, dy, dq] = [(); 3].map(|()| take(&mut memory, count * width));
        let [lse, delta] = [(); 2].map(|()| take(&mut memory, LANES));
        transpose(level, q_t, &head.q, (query, count), head.scale);
        transpose(level, dy_t, &saved.dy, (query, count), E::ONE);
        level.run(Copy { to: q, rows: head.q, first: query, scale: head.scale });
        level.run(Copy { to: dy, rows: saved.dy, first: query, scale: E::ONE });
        level.run(Delta { delta, saved, first: query, count });
        dq.fill(E::ZERO);
        lse.fill(E::ZERO);
        lse[..count].copy_from_slice(&saved.lse[query..query + count]);
        Self { query, q_t, dy_t, q, dy, dq, lse, delta }
    }
}

impl<E: Float> Group<'_, E> {
    /// Takes in what the queries of `panel` say, and gives them their dq.
    fn meet(
        &mut self,
        level: Level,
        head: &Head<'_, E>,
        panel: &mut Panel<'_, E>,
        [p, ds]: &mut [&mut [E]; 2],
        grads: &Grads<'_, E>,
    ) {
        let (dim, width) = (head.dim, padded(head.dim));
        let blocks = self.k.len().div_ceil(KEYS * width);
        for (block, key) in (0..blocks).map(|block| (block, self.key + block * KEYS)) {
            let keys = head.seen(panel.query, key);
            if keys == 0 {
                break;
            }
            let triangle = head.triangle(panel.query, key);
            let at = block * KEYS * width..(block * KEYS + keys) * width;
            let (p, ds) = (&mut p[..keys * LANES], &mut ds[..keys * LANES]);
            scores(level, p, &self.k[at.clone()], panel.q_t, dim, triangle);
            scores(level, ds, &self.v[at.clone()], panel.dy_t, dim, triangle);
            level.run(Differentiate { p, ds, lse: panel.lse, delta: panel.delta, triangle });
            if grads.wants(Part::V) {
                per_key(level, &mut self.dv[at.clone()], p, panel.dy, dim, triangle);
            }
            if grads.wants(Part::K) {
                per_key(level, &mut self.dk[at.clone()], ds, panel.q, dim, triangle);
            }
            if grads.wants(Part::Q) {
                per_query(level, panel.dq, Update::Add, ds, &self.k[at], dim, triangle);
            }
        }
    }
}

/// From p the scores and ds = v dy^T: p = exp(p - lse), ds = p (ds - delta); 0 where not seen.
struct Differentiate<'a, E> {
    p: &'a mut [E],
    ds: &'a mut [E],
    lse: &'a [E],
    delta: &'a [E],
    triangle: bool,
}

impl<E: Float> Job for Differentiate<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let mut lse = [E::ZERO; LANES];
        lse.copy_from_slice(self.lse);
        let mut delta = [E::ZERO; LANES];
        delta.copy_from_slice(self.delta);
        let (p, _) = self.p.as_chunks_mut::<LANES>();
        let (ds, _) = self.ds.as_chunks_mut::<LANES>();
        for (p, ds) in p.iter_mut().zip(&mut *ds) {
            for l in 0..LANES {
                p[l] = math::weight::<S, E>(p[l] - lse[l]);
                ds[l] = p[l] * (ds[l] - delta[l]);
            }
        }
        if self.triangle {
            mask(p, E::ZERO);
            mask(ds, E::ZERO);
        }
    }
}

/// delta = the sum of y dy of each query.
struct Delta<'a, E> {
    delta: &'a mut [E],
    saved: &'a Saved<'a, E>,
    first: usize,
    count: usize,
}

impl<E: Float> Job for Delta<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        self.delta.fill(E::ZERO);
        for (i, delta) in self.delta.iter_mut().enumerate().take(self.count) {
            *delta = dot::<S, E>(self.saved.y.row(self.first + i), self.saved.dy.row(self.first + i));
        }
    }
}

/// The rows of `part` from `first` on = or += scale times from [rows, width]
struct Put<'a, 'g, E> {
    grads: &'a mut Grads<'g, E>,
    part: Part,
    dim: usize,
    first: usize,
    from: &'a [E],
    scale: E,
    add: bool,
}

impl<E: Float> Job for Put<'_, '_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for (i, from) in self.from.chunks_exact(padded(self.dim)).enumerate() {
            let Some(to) = self.grads.row(self.part, self.first + i) else { return };
            let to = to.iter_mut().zip(from);
            match self.add {
                true => to.for_each(|(to, x)| *to = S::mul_add(self.scale, *x, *to)),
                false => to.for_each(|(to, x)| *to = self.scale * *x),
            }
        }
    }
}
