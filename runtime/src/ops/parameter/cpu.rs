//! Parameter on the CPU.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{CHUNK, check_lengths, sum_samples};
use crate::cpu::parts::chunks;
use crate::cpu::runs::{Run, runs};
use crate::cpu::simd::Float;
use crate::error::Error;

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, weight } = args;
        check_lengths(&[(y.len(), batch * spec.len), (weight.len(), spec.len)])?;
        self.pool().run_parts(chunks(y, CHUNK), |task, y, _| {
            for Run { column, at, .. } in runs(task * CHUNK, y.len(), spec.len) {
                y[at.clone()].copy_from_slice(&weight[column..][..at.len()]);
            }
        })
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dweight, dy } = args;
        let Some(dweight) = dweight else { return Ok(()) };
        check_lengths(&[(dweight.to.len(), spec.len), (dy.len(), batch * spec.len)])?;
        sum_samples(self.pool(), dweight, dy, spec.len)
    }
}

#[cfg(test)]
mod tests;
