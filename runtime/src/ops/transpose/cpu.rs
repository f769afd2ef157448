//! Transpose on the CPU: tiles of both axes, so that a cache line read is used whole before it goes.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::check_lengths;
use crate::cpu::parts::chunks;
use crate::cpu::pool::Pool;
use crate::cpu::simd::Float;
use crate::device::Grad;
use crate::error::Error;

/// Both sides of a tile: 16 f32 are a line.
const TILE: usize = 16;

impl<E: Float> Kernel for Cpu<E> {
    fn forward(&self, spec: &Spec, _: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        swap(self.pool(), spec, Grad { to: args.y, add: false }, args.x)
    }

    fn backward(&self, spec: &Spec, _: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Some(dx) = args.dx else { return Ok(()) };
        swap(self.pool(), &Spec { a: spec.b, b: spec.a, ..*spec }, dx, args.dy)
    }
}

/// to [.., b, mid, a, inner] = or += from [.., a, mid, b, inner]
fn swap<E: Float>(pool: &Pool, spec: &Spec, to: Grad<&mut [E]>, from: &[E]) -> Result<(), Error> {
    let Grad { to, add } = to;
    let Spec { a, mid, b, inner, .. } = *spec;
    check_lengths(&[(to.len(), from.len())])?;
    // A task is a few rows of b of one [b, mid, a, inner].
    let row = mid * a * inner;
    let bands = b.div_ceil(TILE);
    let whole = b.is_multiple_of(TILE);
    let (part, each) = if whole { (TILE * row, TILE) } else { (b * row, b) };
    let bands = if whole { bands } else { 1 };
    pool.run_parts(chunks(to, part), |task, to, _| {
        let from = &from[task / bands * b * row..][..b * row];
        let first = task % bands * each;
        for j0 in (0..each).step_by(TILE) {
            for m in 0..mid {
                for i0 in (0..a).step_by(TILE) {
                    for j in j0..each.min(j0 + TILE) {
                        for i in i0..a.min(i0 + TILE) {
                            let to = &mut to[((j * mid + m) * a + i) * inner..][..inner];
                            let from = &from[((i * mid + m) * b + first + j) * inner..][..inner];
                            for (to, from) in to.iter_mut().zip(from) {
                                *to = if add { *to + *from } else { *from };
                            }
                        }
                    }
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{assert_added, grad, numbers, same_bits_for_any_threads, unwritten};

    const SPECS: [Spec; 4] = [
        Spec { outer: 2, a: 3, mid: 1, b: 5, inner: 1 },
        Spec { outer: 1, a: 19, mid: 2, b: 37, inner: 3 },
        Spec { outer: 3, a: 17, mid: 1, b: 32, inner: 1 },
        Spec { outer: 1, a: 1, mid: 4, b: 2, inner: 2 },
    ];
    const BATCH: usize = 3;

    /// By the definition.
    fn oracle(s: &Spec, x: &[f32]) -> Vec<f32> {
        let mut y = vec![];
        for o in 0..BATCH * s.outer {
            for j in 0..s.b {
                for m in 0..s.mid {
                    for i in 0..s.a {
                        for n in 0..s.inner {
                            y.push(x[(((o * s.a + i) * s.mid + m) * s.b + j) * s.inner + n]);
                        }
                    }
                }
            }
        }
        y
    }

    #[test]
    fn axes_are_swapped_and_swapped_back() {
        for spec in &SPECS {
            let x = numbers::<f32>(0, BATCH * spec.outer * spec.a * spec.mid * spec.b * spec.inner);
            let y = same_bits_for_any_threads(|cpu| {
                let mut y = unwritten(x.len());
                Kernel::forward(cpu, spec, BATCH, Forward { y: &mut y, x: &x }).unwrap();
                let mut dx = unwritten(x.len());
                let args = Backward { dx: Some(grad(&mut dx[..], false)), dy: &y[..] };
                Kernel::backward(cpu, spec, BATCH, args).unwrap();
                let mut added = x.clone();
                let args = Backward { dx: Some(grad(&mut added[..], true)), dy: &y[..] };
                Kernel::backward(cpu, spec, BATCH, args).unwrap();
                vec![y, dx, added]
            });
            assert_eq!(y[0], oracle(spec, &x), "{spec:?}");
            assert_eq!(y[1], x, "{spec:?}");
            assert_added("dx", &x, &x, &y[2]);
        }
    }
}
