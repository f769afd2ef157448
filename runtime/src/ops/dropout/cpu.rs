//! Dropout on the CPU.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{CHUNK, check_lengths};
use crate::cpu::parts::chunks;
use crate::cpu::simd::{Float, Job, Simd};
use crate::device::Grad;
use crate::error::Error;
use crate::rng::{GROUP, Key, words};

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x, key } = args;
        drop_out(self, spec, batch, Grad { to: y, add: false }, x, key)
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dy, key } = args;
        match dx {
            Some(dx) => drop_out(self, spec, batch, dx, dy, key),
            None => Ok(()),
        }
    }
}

/// to = or += from mask / (1 - p)
fn drop_out<E: Float>(
    cpu: &Cpu<E>,
    spec: &Spec,
    batch: usize,
    grad: Grad<&mut [E]>,
    from: &[E],
    key: Key,
) -> Result<(), Error> {
    // The first element of a task is the first of a group, so that no group is drawn twice.
    const { assert!(CHUNK.is_multiple_of(GROUP)) };
    let Grad { to, add } = grad;
    check_lengths(&[(to.len(), batch * spec.len), (from.len(), batch * spec.len)])?;
    let (dropped, scale) = spec.drawn();
    let scale = E::from_f64(scale);
    let pool = cpu.pool();
    pool.run_parts(chunks(to, CHUNK), |task, to, _| {
        let from = &from[task * CHUNK..][..to.len()];
        let first_group = (task * (CHUNK / GROUP)) as u64;
        pool.level().run(Masked { to, add, from, key, first_group, dropped, scale });
    })
}

struct Masked<'a, E> {
    to: &'a mut [E],
    add: bool,
    from: &'a [E],
    key: Key,
    first_group: u64,
    dropped: u32,
    scale: E,
}

impl<E: Float> Job for Masked<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for (i, (to, from)) in self.to.chunks_mut(GROUP).zip(self.from.chunks(GROUP)).enumerate() {
            let words = words(self.key, self.first_group + i as u64);
            let mut factors = [E::ZERO; GROUP];
            for (factor, word) in factors.iter_mut().zip(words) {
                *factor = if word < self.dropped { E::ZERO } else { self.scale };
            }
            for ((to, x), factor) in to.iter_mut().zip(from).zip(factors) {
                let kept = *x * factor;
                *to = if self.add { *to + kept } else { kept };
            }
        }
    }
}

#[cfg(test)]
mod tests;
