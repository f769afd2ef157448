//! Heads so wide that their tiles do not fit in a task's memory: query by query, straight from the
//! inputs and into the outputs.

use super::backward::Saved;
use super::rows::{Grads, Part};
use super::tile::Head;
use crate::cpu::math;
use crate::cpu::parts::Tile;
use crate::cpu::simd::{Float, Job, Simd};
use crate::ops::softmax::row::dot;

/// y and lse of the queries from `first` on, as many as y has rows.
pub(super) struct Forward<'a, 'y, E> {
    pub(super) head: &'a Head<'a, E>,
    pub(super) first: usize,
    pub(super) y: &'a mut Tile<'y, E>,
    pub(super) lse: Option<&'a mut Tile<'y, E>>,
}

impl<E: Float> Job for Forward<'_, '_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let head = self.head;
        for i in 0..self.y.rows() {
            let query = self.first + i;
            let q = head.q.row(query);
            let y = self.y.row(i);
            y.fill(E::ZERO);
            let (mut max, mut sum) = (-E::INFINITY, E::ZERO);
            for key in 0..head.end(query) {
                let s = dot::<S, E>(q, head.k.row(key)) * head.scale;
                let new = max.max(s);
                // Nothing but -inf so far: exp(-inf - 0) = 0, where exp(-inf + inf) would be NaN.
                let shift = if new == -E::INFINITY { E::ZERO } else { new };
                let (decay, p) = (math::weight::<S, E>(max - shift), math::weight::<S, E>(s - shift));
                sum = S::mul_add(decay, sum, p);
                y.iter_mut().zip(head.v.row(key)).for_each(|(y, v)| *y = S::mul_add(decay, *y, p * *v));
                max = new;
            }
            y.iter_mut().for_each(|y| *y = *y / sum);
            if let Some(lse) = &mut self.lse {
                lse.row(i)[0] = max + math::ln::<S, E>(sum);
            }
        }
    }
}

/// The gradients of a head that are asked for.
pub(super) struct Backward<'a, 'g, E> {
    pub(super) head: &'a Head<'a, E>,
    pub(super) saved: &'a Saved<'a, E>,
    pub(super) grads: &'a mut Grads<'g, E>,
}

impl<E: Float> Job for Backward<'_, '_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { head, saved, grads } = self;
        for (part, rows) in [(Part::Q, head.queries), (Part::K, head.keys), (Part::V, head.keys)] {
            for i in 0..if grads.adds(part) { 0 } else { rows } {
                grads.row(part, i).into_iter().for_each(|row| row.fill(E::ZERO));
            }
        }
        for query in 0..head.queries {
            let (q, dy) = (head.q.row(query), saved.dy.row(query));
            let delta = dot::<S, E>(saved.y.row(query), dy);
            for key in 0..head.end(query) {
                let (k, v) = (head.k.row(key), head.v.row(key));
                let p = math::weight::<S, E>(dot::<S, E>(q, k) * head.scale - saved.lse[query]);
                let ds = p * (dot::<S, E>(dy, v) - delta) * head.scale;
                for (part, row, scale, x) in
                    [(Part::Q, query, ds, k), (Part::K, key, ds, q), (Part::V, key, p, dy)]
                {
                    let to = grads.row(part, row).into_iter().flatten().zip(x);
                    to.for_each(|(to, x)| *to = S::mul_add(scale, *x, *to));
                }
            }
        }
    }
}
