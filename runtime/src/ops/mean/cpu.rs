//! Mean on the CPU.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{CHUNK, check_lengths, sum};
use crate::cpu::parts::chunks;
use crate::cpu::simd::{Float, Job, Simd};
use crate::device::Grad;
use crate::error::Error;

impl<E: Float> Kernel for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Spec { outer, len, inner } = *spec;
        let rows = batch * outer;
        check_lengths(&[(args.y.len(), rows * inner), (args.x.len(), rows * len * inner)])?;
        let each = (CHUNK / (len * inner)).max(1);
        self.pool().run_parts(chunks(args.y, each * inner), |task, y, _| {
            let x = &args.x[task * each * len * inner..];
            self.pool().level().run(Means { y, x, len, inner });
        })
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Some(Grad { to, add }) = args.dx else { return Ok(()) };
        let Spec { outer, len, inner } = *spec;
        let rows = batch * outer;
        check_lengths(&[(args.dy.len(), rows * inner), (to.len(), rows * len * inner)])?;
        let each = (CHUNK / (len * inner)).max(1);
        self.pool().run_parts(chunks(to, each * len * inner), |task, dx, _| {
            let dy = &args.dy[task * each * inner..];
            self.pool().level().run(Spread { dx, add, dy, len, inner });
        })
    }
}

/// y [rows, inner] = the means of x [rows, len, inner] over len
struct Means<'a, E> {
    y: &'a mut [E],
    x: &'a [E],
    len: usize,
    inner: usize,
}

impl<E: Float> Job for Means<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { y, x, len, inner } = self;
        let scale = E::from_f64(1.0 / len as f64);
        for (y, x) in y.chunks_exact_mut(inner).zip(x.chunks_exact(len * inner)) {
            if inner == 1 {
                y[0] = sum([x], |[x]| x) * scale;
                continue;
            }
            y.fill(E::ZERO);
            for x in x.chunks_exact(inner) {
                y.iter_mut().zip(x).for_each(|(y, x)| *y += *x);
            }
            y.iter_mut().for_each(|y| *y = *y * scale);
        }
    }
}

/// dx [rows, len, inner] = or += dy [rows, inner] / len
struct Spread<'a, E> {
    dx: &'a mut [E],
    add: bool,
    dy: &'a [E],
    len: usize,
    inner: usize,
}

impl<E: Float> Job for Spread<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { dx, add, dy, len, inner } = self;
        let scale = E::from_f64(1.0 / len as f64);
        for (dx, dy) in dx.chunks_exact_mut(len * inner).zip(dy.chunks_exact(inner)) {
            for dx in dx.chunks_exact_mut(inner) {
                for (dx, dy) in dx.iter_mut().zip(dy) {
                    *dx = if add { *dx + *dy * scale } else { *dy * scale };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{
        assert_added, assert_close, assert_gradient, double, grad, numbers, same_bits_for_any_threads,
        unwritten, weighted,
    };

    const SPECS: [Spec; 3] = [
        Spec { outer: 3, len: 5, inner: 4 },
        Spec { outer: 2, len: 67, inner: 1 },
        Spec { outer: 1, len: 1, inner: 3 },
    ];
    const BATCH: usize = 2;

    fn forward<E: Float>(cpu: &Cpu<E>, spec: &Spec, x: &[E]) -> Vec<E> {
        let mut y = unwritten(BATCH * spec.outer * spec.inner);
        Kernel::forward(cpu, spec, BATCH, Forward { y: &mut y, x }).unwrap();
        y
    }

    fn backward<E: Float>(cpu: &Cpu<E>, spec: &Spec, dy: &[E], before: Option<&[E]>) -> Vec<E> {
        let mut dx =
            before.map_or_else(|| unwritten(BATCH * spec.outer * spec.len * spec.inner), <[E]>::to_vec);
        let args = Backward { dx: Some(grad(&mut dx[..], before.is_some())), dy };
        Kernel::backward(cpu, spec, BATCH, args).unwrap();
        dx
    }

    #[test]
    fn the_axis_is_averaged() {
        for spec in &SPECS {
            let x = numbers::<f64>(0, BATCH * spec.outer * spec.len * spec.inner);
            let mut want = vec![];
            for o in 0..BATCH * spec.outer {
                for i in 0..spec.inner {
                    let column = (0..spec.len).map(|l| x[(o * spec.len + l) * spec.inner + i]);
                    want.push(column.sum::<f64>() / spec.len as f64);
                }
            }
            // A few roundings of numbers around 1.
            assert_close("y", &forward(&double(), spec, &x), &want, 1e-14);
            let dy = numbers::<f64>(1, want.len());
            let dx = backward(&double(), spec, &dy, None);
            assert_gradient("dx", &x, &dx, |x| weighted(&forward(&double(), spec, x), &dy));
            assert_added("dx", &x, &dx, &backward(&double(), spec, &dy, Some(&x)));
        }
    }

    #[test]
    fn threads_change_nothing_and_nan_passes() {
        for spec in &SPECS {
            let mut x = numbers::<f32>(0, BATCH * spec.outer * spec.len * spec.inner);
            x[0] = f32::NAN;
            let y = same_bits_for_any_threads(|cpu| {
                let y = forward(cpu, spec, &x);
                let dx = backward(cpu, spec, &y, None);
                vec![y, dx]
            });
            assert!(y[0][0].is_nan() && y[1][0].is_nan());
        }
    }
}
