//! Optimizers and clipping on the CPU: chunks of fixed size, on any thread.

use crate::arena::Buffer;
use crate::cpu::Cpu;
use crate::cpu::parts::chunks;
use crate::cpu::pool::Pool;
use crate::cpu::simd::Float;
use crate::device::{Report, Span};
use crate::error::Error;
use crate::optim::{self, AdamStep, Buffers, Kernel, Measure, Part, SgdStep, Tensor, each, jobs};

/// Elements of a chunk: four arrays of them stay in a core's own cache.
const CHUNK: usize = 1 << 14;

/// The most partial results of a reduction: they stand on the stack.
const PARTIALS: usize = 256;

/// The kernels for one type of elements. No type is left open in them, so they are compiled in this
/// crate, and not again in every crate that trains under whatever optimisation that crate has.
macro_rules! compiled {
    ($E:ident) => {
        impl Kernel for Cpu<$E> {
            fn sgd(
                &self,
                buffers: Buffers<'_, Self>,
                tensors: &mut dyn Iterator<Item = (SgdStep, Tensor<1>)>,
            ) -> Result<(), Error> {
                buffers.each(tensors, |step, part| sgd(self, step, part))
            }

            fn adam(
                &self,
                buffers: Buffers<'_, Self>,
                tensors: &mut dyn Iterator<Item = (AdamStep, Tensor<2>)>,
            ) -> Result<(), Error> {
                buffers.each(tensors, |step, part| adam(self, step, part))
            }

            fn measure(
                &self,
                report: &mut Report,
                measure: &Measure<'_, Self>,
                buf: &Buffer,
                spans: impl Iterator<Item = Span> + Clone,
            ) -> Result<(), Error> {
                let squares = |factor| sum_of_squares(self, buf, &mut spans.clone(), factor);
                optim::measure(self, report, measure, squares, || max_abs(self, buf, &mut spans.clone()))
            }

            fn scale(
                &self,
                buf: &mut Buffer,
                spans: &mut dyn Iterator<Item = Span>,
                factor: f64,
            ) -> Result<(), Error> {
                each::<Self>(buf, spans, |x, _| scale(self, x, factor))
            }

            fn clamp(
                &self,
                buf: &mut Buffer,
                spans: &mut dyn Iterator<Item = Span>,
                limit: f64,
            ) -> Result<(), Error> {
                each::<Self>(buf, spans, |x, _| clamp(self, x, limit))
            }

            fn add(
                &self,
                to: &mut Buffer,
                from: &Buffer,
                spans: &mut dyn Iterator<Item = Span>,
            ) -> Result<(), Error> {
                each::<Self>(to, spans, |x, span| add(self, x, from.region(span)?.elements()))
            }
        }
    };
}
compiled!(f32);
compiled!(f64);

fn sgd<E: Float>(cpu: &Cpu<E>, step: &SgdStep, part: Part<'_, Cpu<E>, 1>) -> Result<(), Error> {
    let (pool, Part { param, moments: [momentum_buffer], grad }) = (cpu.pool(), part);
    let momentum_buffer = (step.momentum != 0.0).then_some(momentum_buffer);
    let buffer_len = momentum_buffer.as_ref().map_or(param.len(), |buffer| buffer.len());
    equal(param.len(), [buffer_len, grad.len()])?;
    let cut = (chunks(param, CHUNK), momentum_buffer.map(|buffer| chunks(buffer, CHUNK)));
    pool.run_parts(cut, |task, (param, momentum_buffer), _| {
        let grad = chunk(grad, CHUNK, task);
        pool.level().run(jobs::Sgd { step, param, momentum_buffer, grad });
    })
}

fn adam<E: Float>(cpu: &Cpu<E>, step: &AdamStep, part: Part<'_, Cpu<E>, 2>) -> Result<(), Error> {
    let (pool, Part { param, moments: [exp_avg, exp_avg_sq], grad }) = (cpu.pool(), part);
    equal(param.len(), [exp_avg.len(), exp_avg_sq.len(), grad.len()])?;
    let cut = (chunks(param, CHUNK), chunks(exp_avg, CHUNK), chunks(exp_avg_sq, CHUNK));
    pool.run_parts(cut, |task, (param, exp_avg, exp_avg_sq), _| {
        let grad = chunk(grad, CHUNK, task);
        pool.level().run(jobs::Adam { step, param, exp_avg, exp_avg_sq, grad });
    })
}

fn sum_of_squares<E: Float>(
    cpu: &Cpu<E>,
    buf: &Buffer,
    spans: &mut dyn Iterator<Item = Span>,
    factor: f64,
) -> Result<f64, Error> {
    let level = cpu.pool().level();
    let sum = |x: &[E]| level.run(jobs::SumOfSquares { x, factor });
    reduce(cpu.pool(), buf, spans, sum, |a, b| a + b)
}

fn max_abs<E: Float>(
    cpu: &Cpu<E>,
    buf: &Buffer,
    spans: &mut dyn Iterator<Item = Span>,
) -> Result<f64, Error> {
    let level = cpu.pool().level();
    let most = |x: &[E]| level.run(jobs::MaxAbs { x }).to_f64();
    reduce(cpu.pool(), buf, spans, most, Float::max)
}

fn scale<E: Float>(cpu: &Cpu<E>, x: &mut [E], factor: f64) -> Result<(), Error> {
    let pool = cpu.pool();
    pool.run_parts(chunks(x, CHUNK), |_, x, _| pool.level().run(jobs::Scale { x, factor }))
}

fn clamp<E: Float>(cpu: &Cpu<E>, x: &mut [E], limit: f64) -> Result<(), Error> {
    let pool = cpu.pool();
    pool.run_parts(chunks(x, CHUNK), |_, x, _| pool.level().run(jobs::Clamp { x, limit }))
}

fn add<E: Float>(cpu: &Cpu<E>, x: &mut [E], y: &[E]) -> Result<(), Error> {
    equal(x.len(), [y.len()])?;
    let pool = cpu.pool();
    pool.run_parts(chunks(x, CHUNK), |task, x, _| {
        pool.level().run(jobs::Add { x, y: chunk(y, CHUNK, task) });
    })
}

/// `join` of `part` over chunks of the spans, in order of the elements, from 0: a span has as few chunks
/// as leave room for all their results.
fn reduce<E: Float>(
    pool: &Pool,
    buf: &Buffer,
    spans: &mut dyn Iterator<Item = Span>,
    part: impl Fn(&[E]) -> f64 + Sync,
    join: impl Fn(f64, f64) -> f64,
) -> Result<f64, Error> {
    let mut total = 0.0;
    for span in spans {
        let x: &[E] = buf.region(span)?.elements();
        let size = x.len().div_ceil(PARTIALS).max(CHUNK);
        let mut partials = [0.0; PARTIALS];
        let partials = &mut partials[..x.len().div_ceil(size)];
        pool.run_parts(chunks(partials, 1), |task, to, _| to.fill(part(chunk(x, size, task))))?;
        total = partials.iter().fold(total, |total, &partial| join(total, partial));
    }
    Ok(total)
}

/// Chunk `i` of `x`; none of it past the end.
fn chunk<T>(x: &[T], size: usize, i: usize) -> &[T] {
    let start = (i * size).min(x.len());
    &x[start..(start + size).min(x.len())]
}

fn equal<const N: usize>(expected: usize, lengths: [usize; N]) -> Result<(), Error> {
    if lengths.iter().all(|&len| len == expected) {
        Ok(())
    } else {
        Err(Error::internal(format!("a step on {expected} elements and on {lengths:?} of others")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Real;

    const SGD: SgdStep =
        SgdStep { lr: 0.1, momentum: 0.9, dampening: 0.5, weight_decay: 0.2, nesterov: false, first: false };
    const ADAM: AdamStep =
        AdamStep { lr: 0.1, betas: (0.9, 0.999), eps: 1e-8, weight_decay: 0.2, decoupled: true, t: 3 };

    /// Numbers in [-1, 1), different for each `seed`; exact in f32.
    fn random<E: Real>(seed: u64, len: usize) -> Vec<E> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            E::from_f64((state >> 40) as f64 / f64::from(1 << 23) - 1.0)
        };
        (0..len).map(|_| next()).collect()
    }

    /// Elements around those of a chunk, of a vector, and of the lanes of a reduction.
    const LENGTHS: [usize; 8] = [0, 1, 31, 33, 257, CHUNK - 1, CHUNK, 2 * CHUNK + 5];

    /// All that the kernels give for these lengths, in f64, which holds f32 exactly.
    fn everything<E: Float>(cpu: &Cpu<E>, len: usize) -> Vec<Vec<f64>> {
        let [mut p, mut m, g] = [1, 2, 3].map(|seed| random::<E>(seed, len));
        let mut v: Vec<E> = random(4, len).into_iter().map(|x: E| x * x).collect();
        let mut results = Vec::new();
        let mut show = |x: &[E]| results.push(x.iter().map(|x| x.to_f64()).collect());
        sgd(cpu, &SGD, Part { param: &mut p[..], moments: [&mut m[..]], grad: &g[..] }).unwrap();
        show(&p);
        let plain = SgdStep { momentum: 0.0, ..SGD };
        sgd(cpu, &plain, Part { param: &mut p[..], moments: [&mut []], grad: &g[..] }).unwrap();
        show(&p);
        let moments = [&mut m[..], &mut v[..]];
        adam(cpu, &ADAM, Part { param: &mut p[..], moments, grad: &g[..] }).unwrap();
        [&p, &m, &v].into_iter().for_each(|x| show(x));
        scale(cpu, &mut p, 0.3).unwrap();
        show(&p);
        clamp(cpu, &mut m, 0.25).unwrap();
        show(&m);
        add(cpu, &mut v, &g).unwrap();
        show(&v);
        let (sum, most) = reductions(cpu, &g, 1.0);
        results.push(vec![sum, most]);
        results
    }

    /// The same by plain loops in f64.
    fn naive(len: usize) -> Vec<Vec<f64>> {
        let [mut p, mut m, g] = [1, 2, 3].map(|seed| random::<f64>(seed, len));
        let mut v: Vec<f64> = random(4, len).into_iter().map(|x: f64| x * x).collect();
        let mut results = Vec::new();
        for i in 0..len {
            let d = g[i] + 0.2 * p[i];
            m[i] = 0.9 * m[i] + 0.5 * d;
            p[i] -= 0.1 * m[i];
        }
        results.push(p.clone());
        (0..len).for_each(|i| p[i] -= 0.1 * (g[i] + 0.2 * p[i]));
        results.push(p.clone());
        for i in 0..len {
            p[i] *= 1.0 - 0.1 * 0.2;
            m[i] = 0.9 * m[i] + 0.1 * g[i];
            v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
            let (mean, square) = (m[i] / (1.0 - 0.9f64.powi(3)), v[i] / (1.0 - 0.999f64.powi(3)));
            p[i] -= 0.1 * mean / (square.sqrt() + 1e-8);
        }
        results.extend([p.clone(), m.clone(), v.clone()]);
        results.push(p.iter().map(|p| 0.3 * p).collect());
        results.push(m.iter().map(|m| m.clamp(-0.25, 0.25)).collect());
        results.push(v.iter().zip(&g).map(|(v, g)| v + g).collect());
        results.push(vec![g.iter().map(|g| g * g).sum(), g.iter().fold(0.0, |most, g| g.abs().max(most))]);
        results
    }

    /// The sum of squares and the largest of `x`.
    fn reductions<E: Float>(cpu: &Cpu<E>, x: &[E], factor: f64) -> (f64, f64) {
        let mut buf = Buffer::new(size_of_val(x), "a test").unwrap();
        buf.all_mut().elements::<E>().copy_from_slice(x);
        // Cut in two, as the gradients of two parameters are.
        let middle = x.len() / 2 / 64 * 64;
        let spans = || {
            let first = Span::of::<E>(0, middle);
            [first, Span::of::<E>(first.end(), x.len() - middle)].into_iter()
        };
        (sum_of_squares(cpu, &buf, &mut spans(), factor).unwrap(), max_abs(cpu, &buf, &mut spans()).unwrap())
    }

    fn agrees_with_plain_loops<E: Float>(cpu: &Cpu<E>, tolerance: f64) {
        for len in LENGTHS {
            for (i, (found, expected)) in everything(cpu, len).iter().zip(naive(len)).enumerate() {
                assert_eq!(found.len(), expected.len());
                for (found, expected) in found.iter().zip(expected) {
                    let off = (found - expected).abs() / expected.abs().max(1.0);
                    assert!(off <= tolerance, "result {i} of {len}: {found} and {expected}");
                }
            }
        }
    }

    #[test]
    fn kernels_agree_with_plain_loops() {
        let cpu = Cpu::with_threads(2).unwrap();
        // For f64, sums of 30 000 terms in another order. For f32, a dozen roundings of numbers around
        // 1; Adam divides by roots of squares, which makes a few of them larger.
        agrees_with_plain_loops(&cpu.double(), 1e-12);
        agrees_with_plain_loops(&cpu, 30.0 * f64::from(f32::EPSILON));
    }

    #[test]
    fn bits_do_not_depend_on_the_number_of_threads() {
        let cpus = [1, 2, 3, 8].map(|threads| Cpu::with_threads(threads).unwrap());
        for len in LENGTHS {
            let one = everything(&cpus[0], len);
            for cpu in &cpus[1..] {
                assert!(everything(cpu, len) == one, "{len} elements, {} threads", cpu.threads());
            }
        }
        assert!(everything(&cpus[0].double(), 100) == everything(&cpus[3].double(), 100));
    }

    #[test]
    fn more_elements_than_partial_results_have_room_for_are_cut_into_longer_chunks() {
        let x: Vec<f32> = random(5, CHUNK * (2 * PARTIALS + 1) + 999);
        let [one, three] = [1, 3].map(|threads| reductions(&Cpu::with_threads(threads).unwrap(), &x, 1.0));
        assert_eq!(one, three);
        // Whole numbers over 2^23, so that the sum is exact in integers.
        let square = |&x: &f32| (f64::from(x) * f64::from(1 << 23)).powi(2) as u128;
        let exact = x.iter().map(square).sum::<u128>() as f64 / f64::from(1 << 23).powi(2);
        // A lane adds 130 squares, each rounded at 1e-16; joining lanes and chunks adds 500 more.
        assert!((one.0 / exact - 1.0).abs() < 1e-14, "{} and {exact}", one.0);
    }

    #[test]
    fn a_nan_anywhere_is_a_nan_in_the_norm_and_in_the_largest() {
        let cpu = Cpu::with_threads(2).unwrap();
        for at in [0, 31, 32, CHUNK, 3 * CHUNK - 1] {
            let mut x: Vec<f32> = random(1, 3 * CHUNK);
            x[at] = f32::NAN;
            let (sum, most) = reductions(&cpu, &x, 1.0);
            assert!(sum.is_nan() && most.is_nan(), "at {at}");
        }
    }

    #[test]
    fn views_of_different_lengths_are_an_error() {
        let cpu = Cpu::with_threads(1).unwrap();
        let (mut p, mut m, mut v) = ([0f32; 3], [0f32; 3], [0f32; 2]);
        let part = Part { param: &mut p[..], moments: [&mut m[..], &mut v[..]], grad: &[0.0; 3][..] };
        assert!(matches!(adam(&cpu, &ADAM, part), Err(Error::Internal { .. })));
        let part = Part { param: &mut p[..], moments: [&mut m[..]], grad: &[0.0; 2][..] };
        assert!(matches!(sgd(&cpu, &SGD, part), Err(Error::Internal { .. })));
        assert!(matches!(add(&cpu, &mut p, &[0.0; 4]), Err(Error::Internal { .. })));
    }
}
