//! Concat on the CPU.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::rows::{Beside, Rows, copy_windows};
use crate::cpu::simd::Float;
use crate::device::Grad;
use crate::error::Error;

impl Spec {
    /// For each value: where its window begins in a row of y, and how wide it is.
    fn windows(&self) -> impl Iterator<Item = (Rows, usize)> {
        let len = self.parts.iter().sum::<usize>() * self.inner;
        self.parts.iter().scan(0, move |at, part| {
            let window = (Rows { len, at: *at }, part * self.inner);
            *at += window.1;
            Some(window)
        })
    }
}

impl<E: Float> Kernel for Cpu<E> {
    fn forward(&self, spec: &Spec, _: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        for (x, (rows, width)) in args.xs.iter().zip(spec.windows()) {
            let to = Grad { to: &mut *args.y, add: false };
            let from = (*x, Rows { len: width, at: 0 });
            copy_windows(self.pool(), to, rows, from, width, Beside::Keep)?;
        }
        Ok(())
    }

    fn backward(&self, spec: &Spec, _: usize, args: Backward<'_, '_, Self>) -> Result<(), Error> {
        for (dx, (rows, width)) in args.dxs.iter_mut().zip(spec.windows()) {
            let Some(Grad { to, add }) = dx else { continue };
            let to = Grad { to: &mut **to, add: *add };
            copy_windows(self.pool(), to, Rows { len: width, at: 0 }, (args.dy, rows), width, Beside::Keep)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{assert_added, grad, numbers, same_bits_for_any_threads, unwritten};

    const SPEC: Spec = Spec { outer: 3, inner: 2, parts: &[4, 1, 3] };
    const BATCH: usize = 5;

    fn parts() -> Vec<Vec<f32>> {
        SPEC.parts.iter().zip(0..).map(|(p, i)| numbers(i, BATCH * 3 * p * 2)).collect()
    }

    fn joined() -> Vec<f32> {
        let parts = parts();
        let row =
            |r: usize| parts.iter().zip(SPEC.parts).flat_map(move |(x, p)| &x[r * p * 2..(r + 1) * p * 2]);
        (0..BATCH * 3).flat_map(row).copied().collect()
    }

    #[test]
    fn values_stand_side_by_side() {
        let parts = parts();
        let y = same_bits_for_any_threads(|cpu| {
            let mut y = unwritten(BATCH * 3 * 8 * 2);
            let xs: Vec<&[f32]> = parts.iter().map(Vec::as_slice).collect();
            Kernel::forward(cpu, &SPEC, BATCH, Forward { y: &mut y, xs: &xs }).unwrap();
            vec![y]
        });
        assert_eq!(y[0], joined());
    }

    #[test]
    fn gradients_are_the_parts_again_and_may_be_left_out() {
        let (dy, want) = (joined(), parts());
        let got = same_bits_for_any_threads(|cpu| {
            let mut first = unwritten(want[0].len());
            let mut last = vec![2.0; want[2].len()];
            let mut dxs = [Some(grad(&mut first[..], false)), None, Some(grad(&mut last[..], true))];
            Kernel::backward(cpu, &SPEC, BATCH, Backward { dxs: &mut dxs, dy: &dy[..] }).unwrap();
            vec![first, last]
        });
        assert_eq!(got[0], want[0]);
        assert_added("last", &vec![2.0; want[2].len()], &want[2], &got[1]);
    }
}
