//! Sum on the CPU. loss: =; dxs: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{check_lengths, sum};
use crate::cpu::simd::{Float, Job, Level, Simd};
use crate::error::Error;

compiled!(Backward<'_, '_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, _: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { loss, xs } = args;
        check_lengths(&[(loss.len(), 1), (xs.len(), spec.weights.len())])?;
        let mut total = E::ZERO;
        for (x, weight) in xs.iter().zip(spec.weights) {
            check_lengths(&[(x.len(), 1)])?;
            total += E::from_f64(*weight) * x[0];
        }
        loss[0] = total;
        Ok(())
    }

    fn backward(&self, spec: &Spec, _: usize, args: Backward<'_, '_, Self>) -> Result<(), Error> {
        let Backward { dxs, dloss } = args;
        check_lengths(&[(dloss.len(), 1), (dxs.len(), spec.weights.len())])?;
        for (dx, weight) in dxs.iter_mut().zip(spec.weights) {
            let Some(dx) = dx else { continue };
            check_lengths(&[(dx.to.len(), 1)])?;
            let before = if dx.add { dx.to[0] } else { E::ZERO };
            dx.to[0] = before + E::from_f64(*weight) * dloss[0];
        }
        Ok(())
    }
}

/// The sum of all elements, in a fixed order: what losses end in.
pub(crate) fn total<E: Float>(level: Level, x: &[E]) -> f64 {
    level.run(Total { x })
}

struct Total<'a, E> {
    x: &'a [E],
}

/// Elements of a block: sums of blocks are added up in f64.
const BLOCK: usize = 4096;

impl<E: Float> Job for Total<'_, E> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self) -> f64 {
        self.x.chunks(BLOCK).map(|x| sum([x], |[x]| x).to_f64()).sum()
    }
}
