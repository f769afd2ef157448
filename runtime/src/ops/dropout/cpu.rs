//! Dropout on the CPU.

use super::{Backward, Forward, Kernel, Spec};
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
        drop_out(self, spec, batch, Grad { to: y, add: false }, Some(x), key)
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dy, key } = args;
        check_given_or_held(&dy, dx.as_ref())?;
        match dx {
            Some(dx) => drop_out(self, spec, batch, dx, dy, key),
            None => Ok(()),
        }
    }
}

/// to = or += from mask / (1 - p); without `from`, `to` holds it, and is overwritten
fn drop_out<E: Float>(
    cpu: &Cpu<E>,
    spec: &Spec,
    batch: usize,
    grad: Grad<&mut [E]>,
    from: Option<&[E]>,
    key: Key,
) -> Result<(), Error> {
    // The first element of a task is the first of a group, so that no group is drawn twice.
    const { assert!(CHUNK.is_multiple_of(GROUP)) };
    let Grad { to, add } = grad;
    let n = batch * spec.len;
    check_lengths(&[(to.len(), n), (from.map_or(n, <[E]>::len), n)])?;
    let (dropped, scale) = spec.drawn();
    let scale = E::from_f64(scale);
    let pool = cpu.pool();
    pool.run_parts(chunks(to, CHUNK), |task, to, _| {
        let from = from.map(|from| &from[task * CHUNK..][..to.len()]);
        let first_group = (task * (CHUNK / GROUP)) as u64;
        let mask = Mask { key, first_group, dropped, scale };
        pool.level().run(Masked { to, add, from, mask });
    })
}

struct Masked<'a, E> {
    to: &'a mut [E],
    add: bool,
    from: Option<&'a [E]>,
    mask: Mask<E>,
}

impl<E: Float> Job for Masked<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { to, add, from, mask } = self;
        let Some(from) = from else {
            for (i, to) in to.chunks_mut(GROUP).enumerate() {
                for (to, factor) in to.iter_mut().zip(mask.factors(i)) {
                    *to = *to * factor;
                }
            }
            return;
        };
        for (i, (to, from)) in to.chunks_mut(GROUP).zip(from.chunks(GROUP)).enumerate() {
            for ((to, x), factor) in to.iter_mut().zip(from).zip(mask.factors(i)) {
                let kept = *x * factor;
                *to = if add { *to + kept } else { kept };
            }
        }
    }
}

/// What elements are multiplied by.
struct Mask<E> {
    key: Key,
    first_group: u64,
    dropped: u32,
    scale: E,
}

impl<E: Float> Mask<E> {
    /// Those of group i behind the first.
    #[inline(always)]
    fn factors(&self, i: usize) -> [E; GROUP] {
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
