//! Dropout on the CPU.

use super::{Backward, Forward, Kernel, Mask, Spec, without_mask};
use crate::cpu::Cpu;
use crate::cpu::columns::sum_columns;
use crate::cpu::elementwise::{CHUNK, check_lengths};
use crate::cpu::parts::chunks;
use crate::cpu::simd::{Float, Job, Simd};
use crate::device::{Grad, check_given_or_held, check_summed};
use crate::error::Error;
use crate::rng::{GROUP, Key, words};

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x, key } = args;
        drop_out(self, batch * spec.len, Mask { key, p: spec.p }, Grad { to: y, add: false }, Some(x))
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dbias, dy, key } = args;
        let n = batch * spec.len;
        check_given_or_held(&dy, dx.as_ref())?;
        if let Some(dbias) = &dbias {
            check_summed(dx.as_ref().map(|dx| dx.add), n, dbias.to.len())?;
        }
        let Some(Grad { to, add }) = dx else { return Ok(()) };
        drop_out(self, n, Mask { key, p: spec.p }, Grad { to: &mut *to, add }, dy)?;
        dbias.map_or(Ok(()), |dbias| sum_columns(self.pool(), dbias, to))
    }
}

/// What an op reads first, if that is dropped out in the same call: by that in `dropped`, or where nothing else reads it in
/// `y`, which holds it then. `None`: `y` holds it.
pub(crate) fn drop_out_first<'a, E: Float>(
    cpu: &Cpu<E>,
    mask: Option<Mask>,
    y: &mut [E],
    dropped: Option<&'a mut [E]>,
    x: Option<&'a [E]>,
) -> Result<Option<&'a [E]>, Error> {
    match (mask, dropped) {
        (None, None) => Ok(x),
        (None, Some(_)) => Err(without_mask()),
        (Some(mask), Some(to)) => {
            drop_out(cpu, y.len(), mask, Grad { to: &mut *to, add: false }, Some(x.unwrap_or(y)))?;
            Ok(Some(to))
        }
        (Some(mask), None) => drop_out(cpu, y.len(), mask, Grad { to: y, add: false }, x).map(|()| None),
    }
}

/// to = or += from mask / (1 - p), n elements; without `from`, `to` holds it, and is overwritten
pub(crate) fn drop_out<E: Float>(
    cpu: &Cpu<E>,
    n: usize,
    mask: Mask,
    grad: Grad<&mut [E]>,
    from: Option<&[E]>,
) -> Result<(), Error> {
    let Grad { to, add } = grad;
    check_lengths(&[(to.len(), n), (from.map_or(n, <[E]>::len), n)])?;
    let pool = cpu.pool();
    pool.run_parts(chunks(to, CHUNK), |task, to, _| {
        let from = from.map(|from| &from[task * CHUNK..][..to.len()]);
        pool.level().run(Masked { to, add, from, factors: Factors::of_chunk(mask, task) });
    })
}

/// to = or += from, multiplied by factors; without `from`, `to` holds it, and is overwritten
pub(crate) struct Masked<'a, E> {
    pub(crate) to: &'a mut [E],
    pub(crate) add: bool,
    pub(crate) from: Option<&'a [E]>,
    pub(crate) factors: Factors<E>,
}

impl<E: Float> Job for Masked<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { to, add, from, factors } = self;
        let Some(from) = from else {
            for (i, to) in to.chunks_mut(GROUP).enumerate() {
                let factors = factors.of_group(i);
                for (to, factor) in to.iter_mut().zip(&factors) {
                    *to = *to * *factor;
                }
            }
            return;
        };
        for (i, (to, from)) in to.chunks_mut(GROUP).zip(from.chunks(GROUP)).enumerate() {
            for ((to, x), factor) in to.iter_mut().zip(from).zip(factors.of_group(i)) {
                let kept = *x * factor;
                *to = if add { *to + kept } else { kept };
            }
        }
    }
}

/// What elements are multiplied by.
pub(crate) struct Factors<E> {
    key: Key,
    first_group: u64,
    dropped: u32,
    scale: E,
}

impl<E: Float> Factors<E> {
    /// Those of the elements from `task` chunks on.
    pub(crate) fn of_chunk(mask: Mask, task: usize) -> Self {
        // The first element of a chunk is the first of a group, so that no group is drawn twice.
        const { assert!(CHUNK.is_multiple_of(GROUP)) };
        let (dropped, scale) = mask.drawn();
        let first_group = (task * (CHUNK / GROUP)) as u64;
        Self { key: mask.key, first_group, dropped, scale: E::from_f64(scale) }
    }

    /// Those of group i behind the first.
    #[inline(always)]
    pub(crate) fn of_group(&self, i: usize) -> [E; GROUP] {
        let words = words(self.key, self.first_group + i as u64);
        let mut factors = [E::ZERO; GROUP];
        for (factor, word) in factors.iter_mut().zip(words) {
            *factor = if word < self.dropped { E::ZERO } else { self.scale };
        }
        factors
    }
}

#[cfg(test)]
mod tests;
