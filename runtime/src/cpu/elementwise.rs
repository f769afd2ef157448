//! Loops over whole slices at the speed of memory: to = f(from), to += f(from), and sums over samples.
//!
//! The work is cut into runs of [`CHUNK`] elements, whatever the number of threads.

use super::parts::chunks;
use super::pool::Pool;
use super::simd::{Float, Job, Simd};
use crate::device::Grad;
use crate::error::Error;

/// Elements of a task: enough that handing it out costs little, few enough to stay in a core's cache.
pub(crate) const CHUNK: usize = 1 << 14;

/// Each slice must have the length beside it: `(len, expected)`.
pub(crate) fn check_lengths(lengths: &[(usize, usize)]) -> Result<(), Error> {
    match lengths.iter().find(|(len, expected)| len != expected) {
        None => Ok(()),
        Some((len, expected)) => {
            Err(Error::internal(format!("a kernel was given {len} elements for {expected}")))
        }
    }
}

/// A function of N elements.
pub(crate) trait Function<E, const N: usize>: Copy + Sync {
    /// Its value; `#[inline(always)]`, so that it is compiled for the level that runs.
    fn at<S: Simd>(self, x: [E; N]) -> E;
}

/// to = f(from) or to += f(from), over slices of one length.
pub(crate) struct Apply<'a, E, F, const N: usize> {
    pub(crate) f: F,
    pub(crate) to: &'a mut [E],
    pub(crate) add: bool,
    pub(crate) from: [&'a [E]; N],
}

impl<E: Float, F: Function<E, N>, const N: usize> Job for Apply<'_, E, F, N> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { f, to, add, from } = self;
        // Lengths that the compiler sees to be equal leave no check in the loops.
        let n = from.iter().fold(to.len(), |n, from| n.min(from.len()));
        let (to, from) = (&mut to[..n], from.map(|from| &from[..n]));
        if add {
            for i in 0..n {
                to[i] += f.at::<S>(from.map(|from| from[i]));
            }
        } else {
            for i in 0..n {
                to[i] = f.at::<S>(from.map(|from| from[i]));
            }
        }
    }
}

/// to = f(from) or to += f(from), in parallel.
pub(crate) fn elementwise<E: Float, F: Function<E, N>, const N: usize>(
    pool: &Pool,
    f: F,
    grad: Grad<&mut [E]>,
    from: [&[E]; N],
) -> Result<(), Error> {
    let Grad { to, add } = grad;
    check_lengths(&from.map(|from| (from.len(), to.len())))?;
    pool.run_parts(chunks(to, CHUNK), |task, to, _| {
        let start = task * CHUNK;
        let from = from.map(|from| &from[start..start + to.len()]);
        pool.level().run(Apply { f, to, add, from });
    })
}

/// The same, but an operand may be `None`: `to` holds it, and is overwritten; then `add` is not set.
pub(crate) fn elementwise_over<E: Float, F: Function<E, N>, const N: usize>(
    pool: &Pool,
    f: F,
    grad: Grad<&mut [E]>,
    from: [Option<&[E]>; N],
) -> Result<(), Error> {
    if from.iter().all(Option::is_some) {
        return elementwise(pool, f, grad, from.map(Option::unwrap_or_default));
    }
    let Grad { to, add: _ } = grad;
    check_lengths(&from.map(|from| (from.map_or(to.len(), <[E]>::len), to.len())))?;
    pool.run_parts(chunks(to, CHUNK), |task, to, _| {
        let start = task * CHUNK;
        let from = from.map(|from| from.map(|from| &from[start..start + to.len()]));
        pool.level().run(Over { f, to, from });
    })
}

/// Elements that are set aside in the first cache before they are overwritten.
const HELD: usize = 256;

/// to = f(from), where `to` holds the operands that are `None`, if there are such.
pub(crate) struct Over<'a, E, F, const N: usize> {
    pub(crate) f: F,
    pub(crate) to: &'a mut [E],
    pub(crate) from: [Option<&'a [E]>; N],
}

impl<E: Float, F: Function<E, N>, const N: usize> Job for Over<'_, E, F, N> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { f, to, from } = self;
        if from.iter().all(Option::is_some) {
            return Apply { f, to, add: false, from: from.map(Option::unwrap_or_default) }.run::<S>();
        }
        let mut held = [E::ZERO; HELD];
        for (block, to) in to.chunks_mut(HELD).enumerate() {
            let held = &mut held[..to.len()];
            held.copy_from_slice(to);
            let from = from.map(|from| from.map_or(&*held, |from| &from[block * HELD..][..to.len()]));
            Apply { f, to, add: false, from }.run::<S>();
        }
    }
}

/// x
#[derive(Clone, Copy)]
pub(crate) struct Identity;
impl<E: Float> Function<E, 1> for Identity {
    #[inline(always)]
    fn at<S: Simd>(self, [x]: [E; 1]) -> E {
        x
    }
}

/// a + b
#[derive(Clone, Copy)]
pub(crate) struct Add;
impl<E: Float> Function<E, 2> for Add {
    #[inline(always)]
    fn at<S: Simd>(self, [a, b]: [E; 2]) -> E {
        a + b
    }
}

/// Elements whose sums are held in registers and the first cache at once.
const SUMS: usize = 1024;

/// to[i] = or += the sum over the samples, in order, of from[sample][i]; `to` may be longer than a
/// sample: what lies behind it gets 0.
pub(crate) fn sum_samples<E: Float>(
    pool: &Pool,
    grad: Grad<&mut [E]>,
    from: &[E],
    sample: usize,
) -> Result<(), Error> {
    let Grad { to, add } = grad;
    pool.run_parts(chunks(to, SUMS), |task, to, _| {
        pool.level().run(SumSamples { to, add, from, sample, start: task * SUMS });
    })
}

struct SumSamples<'a, E> {
    to: &'a mut [E],
    add: bool,
    from: &'a [E],
    sample: usize,
    start: usize,
}

impl<E: Float> Job for SumSamples<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let mut sums = [E::ZERO; SUMS];
        let end = self.sample.min(self.start + self.to.len());
        if self.start < end {
            for from in self.from.chunks_exact(self.sample) {
                for (sum, x) in sums.iter_mut().zip(&from[self.start..end]) {
                    *sum += *x;
                }
            }
        }
        let sums = &sums[..self.to.len()];
        Apply { f: Identity, to: self.to, add: self.add, from: [sums] }.run::<S>();
    }
}

/// The sum of f over the elements of slices of one length: 32 partial sums, each over every 32nd
/// element, so that additions need not wait for each other; those folded to 8, which take the rest.
#[inline(always)]
pub(crate) fn sum<E: Float, const N: usize>(from: [&[E]; N], f: impl Fn([E; N]) -> E) -> E {
    let n = from.iter().fold(usize::MAX, |n, from| n.min(from.len()));
    let from = from.map(|from| &from[..n]);
    let (mut wide, mut narrow) = ([E::ZERO; 32], [E::ZERO; 8]);
    let mut start = 0;
    if n >= 32 {
        while start + 32 <= n {
            let block = from.map(|from| &from[start..start + 32]);
            for l in 0..32 {
                wide[l] += f(block.map(|block| block[l]));
            }
            start += 32;
        }
        for l in 0..8 {
            narrow[l] = (wide[l] + wide[l + 8]) + (wide[l + 16] + wide[l + 24]);
        }
    }
    while start + 8 <= n {
        let block = from.map(|from| &from[start..start + 8]);
        for l in 0..8 {
            narrow[l] += f(block.map(|block| block[l]));
        }
        start += 8;
    }
    let mut rest = E::ZERO;
    for i in start..n {
        rest += f(from.map(|from| from[i]));
    }
    let four = |l: usize| narrow[l] + narrow[l + 4];
    (four(0) + four(2)) + (four(1) + four(3)) + rest
}
