//! Parameter on the CPU.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{check_lengths, sum_samples};
use crate::cpu::parts::chunks;
use crate::cpu::simd::Float;
use crate::error::Error;

impl<E: Float> Kernel for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        check_lengths(&[(args.y.len(), batch * spec.len), (args.weight.len(), spec.len)])?;
        self.pool().run_parts(chunks(args.y, spec.len), |_, y, _| y.copy_from_slice(args.weight))
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Some(dweight) = args.dweight else { return Ok(()) };
        check_lengths(&[(args.dy.len(), batch * spec.len), (dweight.to.len(), spec.len)])?;
        sum_samples(self.pool(), dweight, args.dy, spec.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{
        assert_added, assert_close, grad, numbers, same_bits_for_any_threads, unwritten,
    };

    #[test]
    fn every_sample_gets_it_and_its_gradient_is_their_sum() {
        let (spec, batch) = (Spec { len: 1500 }, 4);
        let (weight, dy) = (numbers::<f32>(0, spec.len), numbers::<f32>(1, batch * spec.len));
        let got = same_bits_for_any_threads(|cpu| {
            let mut y = unwritten(batch * spec.len);
            Kernel::forward(cpu, &spec, batch, Forward { y: &mut y, weight: &weight }).unwrap();
            let (mut dweight, mut added) = (unwritten(spec.len), weight.clone());
            for (to, add) in [(&mut dweight, false), (&mut added, true)] {
                let args = Backward { dweight: Some(grad(&mut to[..], add)), dy: &dy[..] };
                Kernel::backward(cpu, &spec, batch, args).unwrap();
            }
            vec![y, dweight, added]
        });
        assert_eq!(got[0], weight.repeat(batch));
        let column = |i: usize| dy.iter().skip(i).step_by(spec.len).map(|x| f64::from(*x)).sum::<f64>();
        // Four roundings of sums around 4.
        assert_close("dweight", &got[1], &(0..spec.len).map(column).collect::<Vec<_>>(), 1e-6);
        assert_added("dweight", &weight, &got[1], &got[2]);
    }
}
