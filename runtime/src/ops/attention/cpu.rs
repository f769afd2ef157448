//! Attention on the CPU. y, lse: =; dq, dk, dv: = or +=. Checked against the plain [queries, keys]
//! formula in `tests`.
//!
//! Forward has a task per head and group of queries, backward one per head, so that each gradient is
//! summed by one task in one order.

use super::rows::{Grads, Part, Rows};
use super::tile::{Head, KEYS, LANES, floats};
use super::{Backward, Forward, Kernel, Spec, backward, forward, wide};
use crate::cpu::Cpu;
use crate::cpu::elementwise::check_lengths;
use crate::cpu::parts::{Grid, Tiles, tiles};
use crate::cpu::pool::LANE_BYTES;
use crate::cpu::simd::Float;
use crate::device::ElemGrad;
use crate::error::Error;

/// Tasks of forward, of which there should be so many before they take more than one panel each.
const TASKS: usize = 32;

compiled!(Backward<'_, '_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let inputs = Inputs::new(spec, batch, args.xs)?;
        let &Spec { queries, heads, dim, .. } = spec;
        check_lengths(&[(args.y.len(), batch * queries * heads * dim)])?;
        if let Some(lse) = &args.lse {
            check_lengths(&[(lse.len(), batch * heads * queries)])?;
        }
        let level = self.pool().level();
        let many = |panels: &usize| batch * heads * queries.div_ceil(panels * LANES) >= TASKS;
        let most = (2..=forward::PANELS).rev().find(many).unwrap_or(1);
        let panels = fitting::<E>(most, |panels| forward::memory(dim, panels));
        let group = panels.unwrap_or(1) * LANES;
        let y = Grid { rows: queries, columns: heads * dim, tile_rows: group, tile_columns: dim };
        let lse = Grid { rows: queries, columns: 1, tile_rows: group, tile_columns: 1 };
        let cut = (tiles(args.y, y), args.lse.map(|to| tiles(to, lse)));
        self.pool().run_parts(cut, |task, (mut y, mut lse), lane| {
            let groups = queries.div_ceil(group);
            let head = inputs.head(task / groups);
            let first = task % groups * group;
            if panels.is_some() {
                forward::group(level, &head, first, floats(lane.memory), &mut y, lse.as_mut());
            } else {
                level.run(wide::Forward { head: &head, first, y: &mut y, lse: lse.as_mut() });
            }
        })
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, '_, Self>) -> Result<(), Error> {
        let inputs = Inputs::new(spec, batch, args.xs)?;
        let &Spec { queries, heads, dim, packed, .. } = spec;
        let len = batch * queries * heads * dim;
        let rows = batch * heads * queries;
        check_lengths(&[(args.y.len(), len), (args.dy.len(), len), (args.lse.len(), rows)])?;
        let (add, [dq, dk, dv]) = inputs.cut(args.dxs)?;
        let level = self.pool().level();
        let most = backward::BLOCKS.min(spec.keys.div_ceil(KEYS));
        let blocks = fitting::<E>(most, |blocks| backward::memory(dim, blocks));
        self.pool().run_parts((dq, dk, dv), |at, (dq, dk, dv), lane| {
            let head = inputs.head(at);
            let saved = backward::Saved {
                dy: inputs.result(args.dy, at),
                y: inputs.result(args.y, at),
                lse: &args.lse[at * queries..][..queries],
            };
            let mut grads = Grads { tiles: [dq, dk, dv], packed, add };
            match blocks {
                Some(blocks) => {
                    backward::head(level, &head, &saved, blocks, floats(lane.memory), &mut grads);
                }
                None => level.run(wide::Backward { head: &head, saved: &saved, grads: &mut grads }),
            }
        })
    }
}

/// The largest number, at most `most`, for which a task's memory suffices, if one does.
fn fitting<E>(most: usize, elements: impl Fn(usize) -> usize) -> Option<usize> {
    (1..=most).rev().find(|n| elements(*n) <= LANE_BYTES / size_of::<E>())
}

/// q, k and v of all heads.
struct Inputs<'a, E> {
    spec: &'a Spec,
    xs: &'a [&'a [E]],
}

impl<'a, E: Float> Inputs<'a, E> {
    fn new(spec: &'a Spec, batch: usize, xs: &'a [&'a [E]]) -> Result<Self, Error> {
        let inputs = Self { spec, xs };
        if (spec.causal || spec.packed) && spec.queries != spec.keys {
            return Err(Error::internal("attention of one sequence with two lengths"));
        }
        check_lengths(&[(xs.len(), if spec.packed { 1 } else { 3 })])?;
        for (x, part) in xs.iter().zip(Part::ALL) {
            check_lengths(&[(x.len(), batch * inputs.rows(part) * spec.heads * spec.dim)])?;
        }
        Ok(inputs)
    }

    /// Rows of the input that holds `part`, where a row is one part of all heads.
    fn rows(&self, part: Part) -> usize {
        let Spec { queries, keys, packed, .. } = *self.spec;
        match part {
            _ if packed => 3 * queries,
            Part::Q => queries,
            Part::K | Part::V => keys,
        }
    }

    /// `part` of head `at`, counted over all samples.
    fn part(&self, part: Part, at: usize) -> Rows<'a, E> {
        let Spec { heads, dim, packed, .. } = *self.spec;
        let row = at / heads * self.rows(part);
        let (x, row, step) = if packed { (0, row + part as usize, 3) } else { (part as usize, row, 1) };
        Rows { data: self.xs[x], start: (row * heads + at % heads) * dim, stride: step * heads * dim, dim }
    }

    /// y or dy of head `at`.
    fn result<'b>(&self, data: &'b [E], at: usize) -> Rows<'b, E> {
        let Spec { queries, heads, dim, .. } = *self.spec;
        let start = (at / heads * queries * heads + at % heads) * dim;
        Rows { data, start, stride: heads * dim, dim }
    }

    fn head(&self, at: usize) -> Head<'a, E> {
        let Spec { queries, keys, dim, causal, .. } = *self.spec;
        let [q, k, v] = Part::ALL.map(|part| self.part(part, at));
        Head { q, k, v, queries, keys, dim, causal, scale: E::from_f64(1.0 / (dim as f64).sqrt()) }
    }

    /// The gradients cut into heads, and whether each is added to.
    #[allow(clippy::type_complexity)]
    fn cut<'g>(
        &self,
        dxs: &'g mut [Option<ElemGrad<'_, Cpu<E>>>],
    ) -> Result<([bool; 3], [Option<Tiles<'g, E>>; 3]), Error> {
        let &Spec { heads, dim, .. } = self.spec;
        check_lengths(&[(dxs.len(), self.xs.len())])?;
        let (mut add, mut cut) = ([false; 3], [None, None, None]);
        for (i, (dx, part)) in dxs.iter_mut().zip(Part::ALL).enumerate() {
            if let Some(dx) = dx {
                check_lengths(&[(dx.to.len(), self.xs[i].len())])?;
                let rows = self.rows(part);
                let grid = Grid { rows, columns: heads * dim, tile_rows: rows, tile_columns: dim };
                (add[i], cut[i]) = (dx.add, Some(tiles(&mut *dx.to, grid)));
            }
        }
        Ok((add, cut))
    }
}
