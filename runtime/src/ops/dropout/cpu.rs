//! Dropout on the CPU.

use super::{Backward, Forward, Kernel, Mask, Spec, without_mask};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{CHUNK, check_lengths};
use crate::cpu::parts::chunks;
use crate::cpu::simd::{Float, Job, Simd};
use crate::device::{Grad, check_given_or_held};
use crate::error::Error;
use crate::rng::{GROUP, Key, words};

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x, key } = args;
        drop_out(self, batch * spec.len, Mask { key, p: spec.p }, Grad { to: y, add: false }, Some(x))
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dy, key } = args;
        check_given_or_held(&dy, dx.as_ref())?;
        match dx {
            Some(dx) => drop_out(self, batch * spec.len, Mask { key, p: spec.p }, dx, dy),
            None => Ok(()),
        }
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
fn drop_out<E: Float>(
    cpu: &Cpu<E>,
    n: usize,
    mask: Mask,
    grad: Grad<&mut [E]>,
    from: Option<&[E]>,
) -> Result<(), Error> {
    // The first element of a task is the first of a group, so that no group is drawn twice.
    const { assert!(CHUNK.is_multiple_of(GROUP)) };
    let Grad { to, add } = grad;
    check_lengths(&[(to.len(), n), (from.map_or(n, <[E]>::len), n)])?;
    let ((dropped, scale), key) = (mask.drawn(), mask.key);
    let scale = E::from_f64(scale);
    let pool = cpu.pool();
    pool.run_parts(chunks(to, CHUNK), |task, to, _| {
        let from = from.map(|from| &from[task * CHUNK..][..to.len()]);
        let first_group = (task * (CHUNK / GROUP)) as u64;
        let factors = Factors { key, first_group, dropped, scale };
        pool.level().run(Masked { to, add, from, factors });
    })
}

struct Masked<'a, E> {
    to: &'a mut [E],
    add: bool,
    from: Option<&'a [E]>,
    factors: Factors<E>,
}

impl<E: Float> Job for Masked<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { to, add, from, factors } = self;
        let Some(from) = from else {
            for (i, to) in to.chunks_mut(GROUP).enumerate() {
                for (to, factor) in to.iter_mut().zip(factors.of_group(i)) {
                    *to = *to * factor;
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
struct Factors<E> {
    key: Key,
    first_group: u64,
    dropped: u32,
    scale: E,
}

impl<E: Float> Factors<E> {
    /// Those of group i behind the first.
    #[inline(always)]
    fn of_group(&self, i: usize) -> [E; GROUP] {
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
