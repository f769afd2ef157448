//! Slice on the CPU.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::rows::{Beside, Rows, copy_windows};
use crate::cpu::simd::Float;
use crate::device::Grad;
use crate::error::Error;

impl Spec {
    /// The window in a row of x, and a row of y.
    fn windows(&self) -> (Rows, Rows, usize) {
        let width = self.take * self.inner;
        (Rows { len: self.len * self.inner, at: self.start * self.inner }, Rows { len: width, at: 0 }, width)
    }
}

impl<E: Float> Kernel for Cpu<E> {
    fn forward(&self, spec: &Spec, _: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let (x, y, width) = spec.windows();
        copy_windows(self.pool(), Grad { to: args.y, add: false }, y, (args.x, x), width, Beside::Keep)
    }

    fn backward(&self, spec: &Spec, _: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Some(dx) = args.dx else { return Ok(()) };
        let (x, y, width) = spec.windows();
        copy_windows(self.pool(), dx, x, (args.dy, y), width, Beside::Zero)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{assert_added, grad, numbers, same_bits_for_any_threads, unwritten};

    const SPEC: Spec = Spec { outer: 3, len: 5, inner: 2, start: 1, take: 3 };
    const BATCH: usize = 4;

    #[test]
    fn a_run_of_the_axis_is_taken() {
        let x = numbers::<f32>(0, BATCH * 3 * 5 * 2);
        let y = same_bits_for_any_threads(|cpu| {
            let mut y = unwritten(BATCH * 3 * 3 * 2);
            Kernel::forward(cpu, &SPEC, BATCH, Forward { y: &mut y, x: &x }).unwrap();
            vec![y]
        });
        let want: Vec<f32> = x.chunks(10).flat_map(|row| row[2..8].to_vec()).collect();
        assert_eq!(y[0], want);
    }

    #[test]
    fn the_gradient_is_zero_outside_of_the_run() {
        let dy = numbers::<f32>(0, BATCH * 3 * 3 * 2);
        let want: Vec<f32> = dy.chunks(6).flat_map(|row| [&[0.0; 2], row, &[0.0; 2]].concat()).collect();
        for add in [false, true] {
            let before = numbers::<f32>(1, BATCH * 3 * 5 * 2);
            let got = same_bits_for_any_threads(|cpu| {
                let mut dx = if add { before.clone() } else { unwritten(before.len()) };
                let args = Backward { dx: Some(grad(&mut dx[..], add)), dy: &dy[..] };
                Kernel::backward(cpu, &SPEC, BATCH, args).unwrap();
                vec![dx]
            });
            if add {
                assert_added("dx", &before, &want, &got[0]);
            } else {
                assert_eq!(got[0], want);
            }
        }
    }
}
