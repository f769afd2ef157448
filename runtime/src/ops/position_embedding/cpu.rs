//! PositionEmbedding on the CPU.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{Add, Apply, CHUNK, Identity, check_lengths, elementwise, sum_samples};
use crate::cpu::parts::chunks;
use crate::cpu::runs::{Run, runs};
use crate::cpu::simd::{Float, Job, Simd};
use crate::error::Error;

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x, weight } = args;
        let sample = check(spec)?;
        check_lengths(&[
            (y.len(), batch * sample),
            (x.len(), batch * sample),
            (weight.len(), spec.table * spec.dim),
        ])?;
        let pool = self.pool();
        pool.run_parts(chunks(y, CHUNK), |task, y, _| {
            let start = task * CHUNK;
            let x = &x[start..][..y.len()];
            pool.level().run(AddRows { y, x, weight, sample, start });
        })
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dweight, dy } = args;
        let sample = check(spec)?;
        check_lengths(&[(dy.len(), batch * sample)])?;
        if let Some(dx) = dx {
            elementwise(self.pool(), Identity, dx, [dy])?;
        }
        if let Some(dweight) = dweight {
            check_lengths(&[(dweight.to.len(), spec.table * spec.dim)])?;
            sum_samples(self.pool(), dweight, dy, sample)?;
        }
        Ok(())
    }
}

/// The elements of a sample.
fn check(spec: &Spec) -> Result<usize, Error> {
    if spec.len <= spec.table {
        Ok(spec.len * spec.dim)
    } else {
        Err(Error::internal(format!("{} positions of a table of {}", spec.len, spec.table)))
    }
}

struct AddRows<'a, E> {
    y: &'a mut [E],
    x: &'a [E],
    weight: &'a [E],
    sample: usize,
    start: usize,
}

impl<E: Float> Job for AddRows<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for Run { column, at, .. } in runs(self.start, self.y.len(), self.sample) {
            let from = [&self.x[at.clone()], &self.weight[column..][..at.len()]];
            Apply { f: Add, to: &mut self.y[at], add: false, from }.run::<S>();
        }
    }
}

#[cfg(test)]
mod tests;
