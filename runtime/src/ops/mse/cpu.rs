//! Mean squared error on the CPU. loss, scratch: =; dx, dtarget: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{CHUNK, Function, check_lengths, elementwise_over, sum};
use crate::cpu::parts::chunks;
use crate::cpu::simd::{Float, Job, Simd};
use crate::device::check_given_or_held;
use crate::error::Error;
use crate::ops::sum::cpu::total;

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { loss, scratch, x, target } = args;
        let (len, n) = (spec.len, batch * spec.len);
        check_lengths(&[(loss.len(), 1), (scratch.len(), batch), (x.len(), n), (target.len(), n)])?;
        let pool = self.pool();
        let samples = (CHUNK / len.max(1)).max(1);
        pool.run_parts(chunks(&mut *scratch, samples), |task, sums, _| {
            let start = task * samples * len;
            let [x, target] = [x, target].map(|x| &x[start..start + sums.len() * len]);
            pool.level().run(Squares { sums, x, target, len });
        })?;
        loss[0] = E::from_f64(total(pool.level(), scratch) / n as f64);
        Ok(())
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dtarget, dloss, x, target } = args;
        check_given_or_held(&x, dtarget.as_ref().or(dx.as_ref()))?;
        let n = batch * spec.len;
        check_lengths(&[(dloss.len(), 1), (x.map_or(n, <[E]>::len), n), (target.len(), n)])?;
        for to in [&dx, &dtarget].into_iter().flatten() {
            check_lengths(&[(to.to.len(), n)])?;
        }
        let difference = Difference { scale: E::from_f64(2.0 / n as f64) * dloss[0] };
        if let Some(dx) = dx {
            // Where both are there, x is overwritten when this is done with it.
            let x = x.or(dtarget.as_ref().map(|dtarget| &*dtarget.to));
            elementwise_over(self.pool(), difference, dx, [x, Some(target)])?;
        }
        if let Some(dtarget) = dtarget {
            elementwise_over(self.pool(), difference, dtarget, [Some(target), x])?;
        }
        Ok(())
    }
}

/// scale (a - b)
#[derive(Clone, Copy)]
struct Difference<E> {
    scale: E,
}

impl<E: Float> Function<E, 2> for Difference<E> {
    #[inline(always)]
    fn at<S: Simd>(self, [a, b]: [E; 2]) -> E {
        self.scale * (a - b)
    }
}

/// `sums[i]` = the sum of (x - target)^2 of sample i.
struct Squares<'a, E> {
    sums: &'a mut [E],
    x: &'a [E],
    target: &'a [E],
    len: usize,
}

/// Elements of a block: sums of blocks are added up in f64.
const BLOCK: usize = 4096;

impl<E: Float> Job for Squares<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let samples = self.x.chunks_exact(self.len).zip(self.target.chunks_exact(self.len));
        for (to, (x, target)) in self.sums.iter_mut().zip(samples) {
            let blocks = x.chunks(BLOCK).zip(target.chunks(BLOCK));
            let square = |[x, target]: [E; 2]| (x - target) * (x - target);
            *to = E::from_f64(blocks.map(|(x, target)| sum([x, target], square).to_f64()).sum());
        }
    }
}
